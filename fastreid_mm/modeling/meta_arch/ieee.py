"""IEEE: interact, embed and enlarge, for aligned samples of several modalities.

Wang et al., "Interact, Embed, and EnlargE: Boosting Modality-Specific Representations for Multi-Modal Person
Re-identification", AAAI 2022, https://ojs.aaai.org/index.php/AAAI/article/view/20165
"""

from collections.abc import Iterable
from typing import cast

import torch
from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.layers import CrossModalInteraction, RelationEmbedding
from fastreid_mm.layers.choices import READINGS
from fastreid_mm.losses.total import total
from fastreid_mm.modeling.backbones.multi_stream import MultiStreamResNet, build_multi_stream
from fastreid_mm.modeling.config_checks import label_smoothing, require_choice
from fastreid_mm.modeling.global_batch import global_batch
from fastreid_mm.modeling.heads.ieee import PartBranch, build_modality_loss
from fastreid_mm.modeling.meta_arch.aligned_model import AlignedModel, Block, aligned_arguments

FUSIONS = ("progressive", "image_sum", "feature_sum", "feature_concatenation")
GLOBALS = ("backbone", "interaction")


@META_ARCH_REGISTRY.register()
class IEEE(AlignedModel):
    """A ResNet for each modality; the modalities interact, and a margin loss keeps their features apart.

    The losses are ``loss_id``, the cross-entropy of every part of every modality, and that of the modality loss. The
    feature of a sample is the concatenation of the parts of all modalities (2304 channels for three modalities at the
    paper's size); compare by Euclidean distance.

    A missing modality does not enter the sum of the other modalities in the interaction, which is scaled up instead,
    and its block of the feature is zero and not compared. Where the modalities are fused before the parts (figure 6),
    the sums are scaled up, and the missing channels of a concatenation are zero.

    Args:
        backbone: turns images into a map for each modality; it has a single stream for "image_sum".
        fusion: the scheme of figure 6. "progressive" is the method; "image_sum", "feature_sum" and
            "feature_concatenation" join the modalities before the parts, which are those of a single branch then.
        interaction: the cross-modal interacting module; None leaves it out (table 3).
        branches: a branch for each modality, or a single one.
        modality_loss: a head on (B, M, D) features; None leaves it out.
        global_from: the maps from which the feature of the whole image is pooled, "backbone" (released code) or
            "interaction" (paper).
        modalities, metric, pixel_mean, pixel_std: see :class:`AlignedModel`.
    """

    training_only = ("modality_loss.", ".classifiers.")

    @configurable
    def __init__(
        self,
        *,
        backbone: MultiStreamResNet,
        fusion: str,
        interaction: CrossModalInteraction | None,
        branches: list[PartBranch],
        modality_loss: nn.Module | None,
        global_from: str,
        modalities: tuple[str, ...],
        metric: str,
        pixel_mean: list[float],
        pixel_std: list[float],
    ) -> None:
        sizes = [branch.parts * cast(nn.Linear, branch.classifiers[0]).in_features for branch in branches]
        blocks = [Block(size, (index,) if fusion == "progressive" else ()) for index, size in enumerate(sizes)]
        super().__init__(blocks, modalities, metric, pixel_mean, pixel_std)
        self.backbone, self.interaction, self.modality_loss = backbone, interaction, modality_loss
        self.branches = nn.ModuleList(branches)
        self.fusion, self.global_from = fusion, global_from

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """The arguments of the constructor, read from the config."""
        options, shared = cfg.MODEL.IEEE, aligned_arguments(cfg)
        for key, known in (("FUSION", FUSIONS), ("GLOBAL_FROM", GLOBALS), ("REM", (*READINGS, "none"))):
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
            if progressive
            else None,
            "global_from": options.GLOBAL_FROM,
        }

    def forward(self, batch: dict) -> dict[str, Tensor] | Tensor:
        """A batch to its losses in training, and to its features in evaluation.

        Training: a batch of ``images (B, M, 3, H, W), targets (B,)`` to a dict of 0-d losses.
        Evaluation: ``images`` to (B, D) features, with a ``modality_mask (B, M)`` to (B, D + M), which hold it.
        """
        images, present = self.read(batch)
        parts = self.part_features(images, present)  # (B, branches, p, d)
        if not self.training:
            return self.feature(parts.flatten(1), batch)
        parts, targets = global_batch(parts, batch["targets"].to(self.device))
        losses = {
            "loss_id": total(
                branch(features, targets)["loss_id"] for branch, features in zip(self.branches, parts.unbind(1))
            )
        }
        if self.modality_loss is not None:
            losses |= self.modality_loss(parts.flatten(2), targets)
        return losses

    def part_features(self, images: Tensor, present: Tensor | None = None) -> Tensor:
        """(B, M, 3, H, W) normalized images and (B, M) mask to (B, branches, p, d) part features."""
        plain, present = self._maps(images, present)
        maps = plain if self.interaction is None else self.interaction(plain, present)
        whole = plain if self.global_from == "backbone" else maps
        branches = cast(Iterable[PartBranch], self.branches)
        parts = torch.stack(
            [branch.features(*each) for branch, *each in zip(branches, maps.unbind(1), whole.unbind(1))], dim=1
        ).float()
        return parts if present is None else parts * present[..., None, None]

    def _maps(self, images: Tensor, present: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """The backbone's maps, one for each branch, and the (B, branches) mask of those that are present."""
        if self.fusion == "progressive":
            return self.backbone(images, present), present
        if self.fusion == "image_sum":
            return self.backbone(_sum(images, present)), None
        maps = self.backbone(images, present)
        return _sum(maps, present) if self.fusion == "feature_sum" else maps.flatten(1, 2)[:, None], None


def _sum(values: Tensor, present: Tensor | None) -> Tensor:
    """(B, M, ...) to the (B, 1, ...) sum of the modalities that are present, scaled up to that of all of them."""
    total = values.sum(1, keepdim=True)
    if present is None:
        return total
    return total * (present.shape[1] / present.sum(1)).view(-1, *[1] * (total.ndim - 1))


def _branch(cfg: CfgNode, channels: int) -> PartBranch:
    options = cfg.MODEL.IEEE
    relation = None if options.REM == "none" else RelationEmbedding(options.REDUCED_DIM, options.REM)
    return PartBranch(
        channels,
        options.REDUCED_DIM,
        options.PART_DIM,
        options.PARTS,
        cfg.MODEL.HEADS.NUM_CLASSES,
        relation,
        label_smoothing(cfg),
    )
