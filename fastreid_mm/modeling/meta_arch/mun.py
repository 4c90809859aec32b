"""MUN: Modality Unifying Network for Visible-Infrared Person Re-Identification."""

import torch
import torch.nn.functional as F
from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from fastreid.utils import comm
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.errors import InputError
from fastreid_mm.layers import AuxiliaryGenerator, GeM, bn_neck
from fastreid_mm.modeling.backbones.two_stream import TwoStreamResNet, build_two_stream
from fastreid_mm.modeling.heads.auxiliary_modality import build_auxiliary
from fastreid_mm.modeling.heads.modality_unifying import ModalityUnifyingHead, build_unifying_head
from fastreid_mm.modeling.meta_arch.reid_model import ReIDModel


@META_ARCH_REGISTRY.register()
class MUN(ReIDModel):
    """A two-stream network that learns from an auxiliary modality between visible and infrared, and tests without it.

    The auxiliary maps go through the shared stages in one batch with the others, so BatchNorm there sees all three.
    The feature is what the BNNeck gives; compare by cosine.

    Args:
        backbone: splits into ``specific`` and ``shared``.
        auxiliary: makes maps out of maps (the generator) or images out of images (table 2); None for the baseline.
        head: turns features into losses.
        pixel_mean, pixel_std: per channel, for values 0 to 255.
    """

    @configurable
    def __init__(self, *, backbone: TwoStreamResNet, auxiliary: nn.Module | None, head: ModalityUnifyingHead,
                 pixel_mean: list[float], pixel_std: list[float]):
        super().__init__(pixel_mean, pixel_std)
        self.backbone = backbone
        self.auxiliary = auxiliary
        self.pool = GeM(p=3.0)
        self.neck = bn_neck(backbone.dim)
        self.head = head

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        backbone = build_two_stream(cfg)
        images_per_process = cfg.SOLVER.IMS_PER_BATCH // 2 // comm.get_world_size()
        return {
            "backbone": backbone,
            "auxiliary": build_auxiliary(cfg, backbone),
            "head": build_unifying_head(cfg, backbone.dim, images_per_process),
            "pixel_mean": cfg.MODEL.PIXEL_MEAN,
            "pixel_std": cfg.MODEL.PIXEL_STD,
        }

    def set_training_length(self, iterations: int) -> None:
        """Say how many iterations training has, for the prototypes' beta (section 3.4)."""
        alignment = self.head.alignment
        if alignment is not None and alignment.prototypes is not None:
            alignment.prototypes.total_iterations = iterations

    def forward(self, batch: dict) -> dict[str, Tensor] | Tensor:
        """Training: a batch of ``images (B, 3, H, W), targets (B,), modalities (B,)`` to a dict of 0-d losses.
        Evaluation: ``images`` and ``modalities`` to (B, D) features.

        Raises:
            InputError: in training, visible and infrared images are not of the same identities in the same order.
        """
        images, modalities = self.normalize(batch["images"]), batch["modalities"].to(self.device)
        if not self.training:
            return self.neck(self._embed(self.backbone.specific(images, modalities)))
        visible, infrared = modalities == 0, modalities == 1
        targets = batch["targets"].to(self.device)
        if not torch.equal(targets[visible], targets[infrared]):
            raise InputError("MUN pairs visible and infrared images of an identity, which this batch does not: "
                             "DATALOADER.SAMPLER_TRAIN CrossModalityIdentitySampler does")
        before = self._embed(self._maps(images[visible], images[infrared]))  # (M * B, D), "Z"
        before = before.unflatten(0, (-1, int(visible.sum())))  # (M, B, D)
        return self.head(before, self._neck(before), targets[visible])

    def _maps(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """Paired images (B, 3, H, W) to (M * B, C, h, w) maps, modality by modality, the auxiliary one last."""
        streams = [(visible, 0), (infrared, 1)]
        made_of_maps = isinstance(self.auxiliary, AuxiliaryGenerator)
        if self.auxiliary is not None and not made_of_maps:
            # the images that table 2 compares with are coloured: the visible stream takes them
            streams.append((self.auxiliary(visible, infrared), 0))
        modalities = torch.tensor([modality for _, modality in streams], device=self.device)
        maps = self.backbone.specific(torch.cat([images for images, _ in streams]),
                                      modalities.repeat_interleave(len(visible)))
        return torch.cat([maps, self.auxiliary(*maps.chunk(2))]) if made_of_maps else maps

    def _neck(self, before: Tensor) -> Tensor:
        """The BNNeck on (M, B, D) features, in training.

        Auxiliary features share its weight but have statistics of their own. They may lie far from the others, and a
        variance over all three would hide how people differ: from scratch ``loss_id`` then did not fall at all. Also
        the running statistics stay those of features that are tested.
        """
        after = self.neck(before[:2].flatten(0, 1)).view_as(before[:2])
        if len(before) == 2:
            return after
        auxiliary = F.batch_norm(before[2], None, None, self.neck.weight, self.neck.bias, True, eps=self.neck.eps)
        return torch.cat([after, auxiliary[None]])

    def _embed(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) maps of the modality-specific stages to (B, D) features before the BNNeck."""
        return self.pool(self.backbone.shared(maps))
