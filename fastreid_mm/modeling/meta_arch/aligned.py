"""The base of the architectures for aligned samples, any modality of which may be missing at test time."""

import torch
from fastreid.config import configurable
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation import AlignedFeature
from fastreid_mm.evaluation.common_blocks import common_block_distance
from fastreid_mm.modeling.backbones.multi_stream import build_multi_stream
from fastreid_mm.modeling.heads.aligned_head import blocks_of
from fastreid_mm.modeling.meta_arch.reid_model import ComposedModel, composed_arguments


class AlignedModel(ComposedModel):
    """A network for each of several modalities, and any head on their maps.

    A feature is made of blocks; a block that needs a missing modality is zero, and does not count in
    :meth:`pairwise_distance`. Nothing is generated in the place of what is missing. Features hold the mask of their
    batch if it has one, see :class:`AlignedFeature`.

    Args:
        modalities: names of the M modalities of a sample.
        composed: see :class:`ComposedModel`.
    """

    provides: tuple[str, ...] = ("maps", "modality_maps")

    @configurable
    def __init__(self, *, modalities: tuple[str, ...], **composed) -> None:
        super().__init__(**composed)
        self.modalities = tuple(modalities)
        self.blocks = blocks_of(self.heads, len(self.modalities))
        self.block_sizes = tuple(block.size for block in self.blocks)

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """Read the arguments of the constructor from the config, with the multi-stream network of ``MODEL.BACKBONE``.

        Raises:
            InputError: fewer than two modalities, and what :func:`composed_arguments` raises.
        """
        modalities, backbone = named_modalities(cfg), build_multi_stream(cfg)
        channels = len(modalities) * backbone.dim
        arguments = composed_arguments(cfg, backbone, channels, backbone.map_size, cls.provides)
        return arguments | {"modalities": modalities}

    def inputs(self, batch: dict) -> dict[str, Tensor]:
        """See :class:`ComposedModel`: ``maps (B, M * C, h, w)``, ``modality_maps (B, M, C, h, w)``, ``present``."""
        images, present = self.read(batch)
        return self.maps_of(self.backbone(images, present, self.layout_of(batch)), present) | self.labels_of(batch)

    def maps_of(self, maps: Tensor, present: Tensor | None) -> dict[str, Tensor]:
        """(B, n, C, h, w) maps and the (B, M) mask, if any, to inputs of the head."""
        found = {"maps": maps.flatten(1, 2), "modality_maps": maps}
        return found if present is None else found | {"present": present}

    def forward(self, batch: dict) -> dict[str, Tensor] | Tensor:
        """Compute losses in training, in evaluation (B, D) features, or (B, D + M) that hold the batch's mask."""
        found = super().forward(batch)
        if isinstance(found, dict) or batch.get("modality_mask") is None:
            return found
        mask = torch.as_tensor(batch["modality_mask"], device=found.device).bool()
        blocks = zip(found.split(self.block_sizes, 1), self._blocks_of(mask).split(1, 1))
        return AlignedFeature(torch.cat([values * held for values, held in blocks], 1), mask).pack()

    def read(self, batch: dict) -> tuple[Tensor, Tensor | None]:
        """Read the normalized images (B, M, 3, H, W) of a batch, zero where missing, and its (B, M) mask.

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
        layout = self.layout_of(batch)
        if layout is not None and layout.rows is None:
            return images, None
        return images * present[..., None, None, None], present

    @property
    def feature_size(self) -> int:
        """The channels of all blocks and the mask."""
        return sum(self.block_sizes) + len(self.modalities)

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
            asking.values,
            asked.values,
            self._blocks_of(asking.held),
            self._blocks_of(asked.held),
            self.block_sizes,
            self.metric,
        )

    def _unpack(self, features: Tensor) -> AlignedFeature:
        return AlignedFeature.unpack(features, sum(self.block_sizes), len(self.modalities))

    def _blocks_of(self, held: Tensor) -> Tensor:
        """(N, M) bool, the modalities of N samples, to (N, blocks) bool, the blocks that their features have."""
        return torch.stack([held[:, list(block.needs)].all(1) for block in self.blocks], 1)


def named_modalities(cfg: CfgNode) -> tuple[str, ...]:
    """Return the names of a sample's modalities.

    Raises:
        InputError: there are fewer than two.
    """
    modalities = tuple(cfg.DATASETS.ALIGNED.MODALITIES)
    if len(modalities) < 2:
        raise InputError(
            f"{cfg.MODEL.META_ARCHITECTURE} needs two names or more in DATASETS.ALIGNED.MODALITIES, not {modalities}"
        )
    return modalities
