"""The base of the architectures for aligned samples."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.errors import InputError
from fastreid_mm.evaluation import AlignedFeature
from fastreid_mm.evaluation.common_blocks import common_block_distance
from fastreid_mm.layers.exporting import is_exporting
from fastreid_mm.modeling.meta_arch.reid_model import ReIDModel, shared_arguments


class Block(NamedTuple):
    """A block of a feature."""

    size: int
    """Channels."""
    needs: tuple[int, ...] = ()
    """The modalities it cannot do without; none if it is made of whatever there is."""


class AlignedModel(ReIDModel):
    """Takes samples of several modalities, any of which may be missing at test time.

    A feature is made of blocks; a block that needs a missing modality is zero, and does not count in
    :meth:`pairwise_distance`. Nothing is generated in the place of what is missing. Features hold the mask of their
    batch if it has one, see :class:`AlignedFeature`.

    Args:
        blocks: the blocks of a feature, in their order.
        modalities: names of the M modalities of a sample.
        metric, pixel_mean, pixel_std: see :class:`ReIDModel`.
    """

    def __init__(
        self,
        blocks: Sequence[Block],
        modalities: Sequence[str],
        metric: str,
        pixel_mean: list[float],
        pixel_std: list[float],
    ) -> None:
        super().__init__(metric, pixel_mean, pixel_std)
        self.blocks, self.modalities = tuple(blocks), tuple(modalities)
        self.block_sizes = tuple(block.size for block in blocks)

    def read(self, batch: dict) -> tuple[Tensor, Tensor | None]:
        """The normalized images (B, M, 3, H, W) of a batch, zero where missing, and its (B, M) mask.

        The mask is None if no modality is missing.

        Raises:
            InputError: images or a mask of another shape, or, but not while exporting, a sample without any modality.
        """
        if batch["images"].ndim != 5:
            raise InputError(
                f"{type(self).__name__} needs samples of several modalities, which fast-reid's "
                "DefaultPredictor does not make: call the model with images (B, M, 3, H, W), not "
                f"{tuple(batch['images'].shape)}"
            )
        images, present = self.normalize(batch["images"]), batch.get("modality_mask")
        if present is None:
            return images, None
        present = torch.as_tensor(present, device=self.device).bool()
        if present.shape != images.shape[:2]:
            raise InputError(
                f"modality_mask is {tuple(present.shape)}, of these images it must be {tuple(images.shape[:2])}"
            )
        if is_exporting():
            return images * present[..., None, None, None], present
        if present.all():
            return images, None
        empty = torch.nonzero(~present.any(1)).flatten().tolist()
        if empty:
            names = batch.get("img_paths", [f"sample {index}" for index in range(len(images))])
            raise InputError(f"no modality is there of {', '.join(names[index] for index in empty[:5])}")
        return images * present[..., None, None, None], present

    def feature(self, values: Tensor, batch: dict) -> Tensor:
        """(B, D) channels to what :meth:`forward` gives: with a mask in the batch (B, D + M), which hold it."""
        mask = batch.get("modality_mask")
        if mask is None:
            return values
        return AlignedFeature(values, torch.as_tensor(mask, device=values.device).bool()).pack()

    def modalities_held(self, features: Tensor) -> Tensor:
        """(N, D) or (N, D + M) features to (N, M) bool, which modalities each was made of."""
        return self._unpack(features).held

    def plain_features(self, features: Tensor) -> Tensor:
        """(N, D) or (N, D + M) features to their (N, D) channels.

        Raises:
            InputError: one of the samples lacks a modality.
        """
        found = self._unpack(features)
        if not found.held.all():
            raise InputError("TEST.AQE.ENABLED: samples that lack modalities have no mean with those that have them")
        return found.values

    def pairwise_distance(self, query: Tensor, gallery: Tensor) -> Tensor:
        """(Nq, D) and (Ng, D) features, or D + M, to (Nq, Ng) distances over the blocks that both have."""
        asking, asked = self._unpack(query), self._unpack(gallery)
        return common_block_distance(
            asking.values, asked.values, self._blocks_of(asking), self._blocks_of(asked), self.block_sizes, self.metric
        )

    def _unpack(self, features: Tensor) -> AlignedFeature:
        return AlignedFeature.unpack(features, sum(self.block_sizes), len(self.modalities))

    def _blocks_of(self, feature: AlignedFeature) -> Tensor:
        """(N, blocks) bool, which blocks N features have."""
        return torch.stack([feature.held[:, list(block.needs)].all(1) for block in self.blocks], 1)


def aligned_arguments(cfg: CfgNode) -> dict:
    """The arguments of :class:`AlignedModel` that come from the config as they are.

    Raises:
        InputError: fewer than two modalities, and what :func:`shared_arguments` raises.
    """
    modalities = cfg.DATASETS.ALIGNED.MODALITIES
    if len(modalities) < 2:
        raise InputError(
            f"{cfg.MODEL.META_ARCHITECTURE} needs two names or more in DATASETS.ALIGNED.MODALITIES, "
            f"not {tuple(modalities)}"
        )
    return shared_arguments(cfg) | {"modalities": tuple(modalities)}
