"""What the architectures for aligned samples share."""

from collections.abc import Sequence

import torch
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.errors import InputError
from fastreid_mm.evaluation.common_blocks import common_block_distance
from fastreid_mm.evaluation.distances import METRICS
from fastreid_mm.modeling.config_checks import require_choice
from fastreid_mm.modeling.meta_arch.reid_model import ReIDModel


class AlignedModel(ReIDModel):
    """Takes samples of several modalities, any of which may be missing at test time.

    A feature is made of blocks; a block that needs a missing modality is zero, and does not count in
    :meth:`pairwise_distance`. Nothing is made up in the place of what is missing.

    Args:
        block_sizes: channels of each block of a feature.
        metric: "cosine" or "euclidean", of :meth:`pairwise_distance`.
        pixel_mean, pixel_std: per channel, for values 0 to 255.
    """

    def __init__(self, block_sizes: Sequence[int], metric: str, pixel_mean: list[float], pixel_std: list[float]):
        super().__init__(pixel_mean, pixel_std)
        self.block_sizes, self.metric = tuple(block_sizes), metric

    def read(self, batch: dict) -> tuple[Tensor, Tensor | None]:
        """A batch's normalised images (B, M, 3, H, W), zero where missing, and its (B, M) mask, None if all are there.

        Raises:
            InputError: images or a mask of another shape, or a sample without any modality.
        """
        if batch["images"].ndim != 5:
            raise InputError(f"{type(self).__name__} needs samples of several modalities, which fast-reid's "
                             "DefaultPredictor does not make: call the model with images (B, M, 3, H, W), not "
                             f"{tuple(batch['images'].shape)}")
        images, present = self.normalize(batch["images"]), batch.get("modality_mask")
        if present is None:
            return images, None
        present = torch.as_tensor(present, device=self.device).bool()
        if present.shape != images.shape[:2]:
            raise InputError(f"modality_mask is {tuple(present.shape)}, of these images it must be "
                             f"{tuple(images.shape[:2])}")
        if present.all():
            return images, None
        empty = torch.nonzero(~present.any(1)).flatten().tolist()
        if empty:
            names = batch.get("img_paths", [f"sample {index}" for index in range(len(images))])
            raise InputError(f"no modality is there of {', '.join(names[index] for index in empty[:5])}")
        return images * present[..., None, None, None], present

    def pairwise_distance(self, query: Tensor, gallery: Tensor) -> Tensor:
        """(Nq, D) and (Ng, D) features to (Nq, Ng) distances over the blocks that both have."""
        return common_block_distance(query, gallery, self.block_sizes, self.metric)


def aligned_arguments(cfg: CfgNode) -> dict:
    """The arguments of :class:`AlignedModel` that come from the config as they are.

    Raises:
        InputError: fewer than two modalities, or a metric there is not.
    """
    modalities = cfg.DATASETS.ALIGNED.MODALITIES
    if len(modalities) < 2:
        raise InputError(f"{cfg.MODEL.META_ARCHITECTURE} needs two names or more in DATASETS.ALIGNED.MODALITIES, "
                         f"not {tuple(modalities)}")
    require_choice(cfg, "TEST.METRIC", METRICS)
    return {"metric": cfg.TEST.METRIC, "pixel_mean": cfg.MODEL.PIXEL_MEAN, "pixel_std": cfg.MODEL.PIXEL_STD}
