"""IEEE: Interact, Embed, and EnlargE: Boosting Modality-Specific Representations for Multi-Modal Person Re-ID."""

import torch
from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.layers import CrossModalInteraction, RelationEmbedding
from fastreid_mm.modeling.backbones.multi_stream import MultiStreamResNet, build_multi_stream
from fastreid_mm.modeling.config_checks import label_smoothing, require_choice
from fastreid_mm.modeling.heads.modality_losses import build_modality_loss
from fastreid_mm.modeling.heads.part_embedding import PartEmbedding
from fastreid_mm.modeling.meta_arch.aligned_model import AlignedModel, Block, aligned_arguments

FUSIONS = ("progressive", "image_sum", "feature_sum", "feature_concatenation")
GLOBALS = ("backbone", "interaction")
READINGS = ("official", "paper", "none")


@META_ARCH_REGISTRY.register()
class IEEE(AlignedModel):
    """A ResNet for each modality, which take from each other what they lack, and are kept apart by a margin.

    Losses: ``loss_id``, the cross-entropy of every part of every modality, and that of the modality loss. A feature is
    the parts of the modalities, one after the other (2304 channels for three modalities in the paper's size); compare
    by Euclidean distance.

    A missing modality has no part in the sum that the others take from, which is scaled up instead, and its block of
    the feature is zero and not compared. Fused before the parts (figure 6), the sums are scaled up, and of a
    concatenation the missing channels are zero.

    Args:
        backbone: images to a map for each modality; has a single stream for "image_sum".
        fusion: figure 6. "progressive" is the method; "image_sum", "feature_sum" and "feature_concatenation" join the
            modalities before the parts, which then are those of a single one.
        interaction: the cross-modal interacting module, None to leave it out (table 3).
        branches: one a modality, or a single one.
        modality_loss: on (B, M, D) features, None for none.
        global_from: what the feature of the whole is pooled from, "backbone" (released code) or "interaction" (paper).
        label_smoothing: of the cross-entropy.
        modalities, metric, pixel_mean, pixel_std: see :class:`AlignedModel`.
    """

    @configurable
    def __init__(self, *, backbone: MultiStreamResNet, fusion: str, interaction: CrossModalInteraction | None,
                 branches: list[PartEmbedding], modality_loss: nn.Module | None, global_from: str,
                 label_smoothing: float, modalities: tuple[str, ...], metric: str, pixel_mean: list[float],
                 pixel_std: list[float]):
        sizes = [branch.parts * branch.classifiers[0].in_features for branch in branches]
        blocks = [Block(size, (index,) if fusion == "progressive" else ()) for index, size in enumerate(sizes)]
        super().__init__(blocks, modalities, metric, pixel_mean, pixel_std)
        self.backbone, self.interaction, self.modality_loss = backbone, interaction, modality_loss
        self.branches = nn.ModuleList(branches)
        self.fusion, self.global_from, self.label_smoothing = fusion, global_from, label_smoothing

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        options, shared = cfg.MODEL.IEEE, aligned_arguments(cfg)
        for key, known in (("FUSION", FUSIONS), ("GLOBAL_FROM", GLOBALS), ("REM", READINGS)):
            require_choice(cfg, f"MODEL.IEEE.{key}", known)
        backbone = build_multi_stream(cfg)
        modalities, progressive = len(cfg.DATASETS.ALIGNED.MODALITIES), options.FUSION == "progressive"
        channels = backbone.dim * (modalities if options.FUSION == "feature_concatenation" else 1)
        branches = [_branch(cfg, channels) for _ in range(modalities if progressive else 1)]
        return shared | {
            "backbone": backbone.first() if options.FUSION == "image_sum" else backbone,
            "fusion": options.FUSION,
            "interaction": CrossModalInteraction(channels, modalities) if progressive and options.CIM else None,
            "branches": branches,
            "modality_loss": build_modality_loss(cfg, modalities * options.PARTS * options.PART_DIM)
            if progressive else None,
            "global_from": options.GLOBAL_FROM,
            "label_smoothing": label_smoothing(cfg),
        }

    def forward(self, batch: dict) -> dict[str, Tensor] | Tensor:
        """Training: a batch of ``images (B, M, 3, H, W), targets (B,)`` to a dict of 0-d losses.
        Evaluation: ``images`` to (B, D) features, with a ``modality_mask (B, M)`` to (B, D + M), which hold it."""
        images, present = self.read(batch)
        parts = self.part_features(images, present)  # (B, branches, p, d)
        if not self.training:
            return self.feature(parts.flatten(1), batch)
        targets = batch["targets"].to(self.device)
        losses = {"loss_id": sum(branch.identity_loss(own, targets, self.label_smoothing)
                                 for branch, own in zip(self.branches, parts.unbind(1)))}
        if self.modality_loss is not None:
            losses |= self.modality_loss(parts.flatten(2), targets)
        return losses

    def part_features(self, images: Tensor, present: Tensor | None = None) -> Tensor:
        """(B, M, 3, H, W) normalised images and (B, M) mask to (B, branches, p, d) part features."""
        plain, present = self._maps(images, present)
        maps = plain if self.interaction is None else self.interaction(plain, present)
        whole = plain if self.global_from == "backbone" else maps
        parts = torch.stack([branch(*each) for branch, *each in
                             zip(self.branches, maps.unbind(1), whole.unbind(1))], dim=1).float()
        return parts if present is None else parts * present[..., None, None]

    def _maps(self, images: Tensor, present: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """The backbone's maps, one for each branch, and which of them are there."""
        if self.fusion == "progressive":
            return self.backbone(images, present), present
        if self.fusion == "image_sum":
            return self.backbone(_sum(images, present)), None
        maps = self.backbone(images, present)
        return _sum(maps, present) if self.fusion == "feature_sum" else maps.flatten(1, 2)[:, None], None


def _sum(values: Tensor, present: Tensor | None) -> Tensor:
    """(B, M, ...) to (B, 1, ...), over the modalities that are there, as large as over all of them."""
    total = values.sum(1, keepdim=True)
    if present is None:
        return total
    return total * (present.shape[1] / present.sum(1)).view(-1, *[1] * (total.ndim - 1))


def _branch(cfg: CfgNode, channels: int) -> PartEmbedding:
    options = cfg.MODEL.IEEE
    relation = None if options.REM == "none" else RelationEmbedding(options.REDUCED_DIM, options.REM)
    return PartEmbedding(channels, options.REDUCED_DIM, options.PART_DIM, options.PARTS, cfg.MODEL.HEADS.NUM_CLASSES,
                         relation)
