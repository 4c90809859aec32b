"""HAMNet: Multi-spectral Vehicle Re-Identification: A Challenge (AAAI 2020), the baseline of MutualFormer-ReID."""

import torch.nn.functional as F
from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.layers import ClassActivationFusion
from fastreid_mm.losses import batch_hard_triplet
from fastreid_mm.modeling.backbones.multi_stream import MultiStreamResNet, build_multi_stream
from fastreid_mm.modeling.config_checks import label_smoothing
from fastreid_mm.modeling.heads.stream_scores import StreamScores
from fastreid_mm.modeling.meta_arch.aligned_model import AlignedModel, Block, aligned_arguments


@META_ARCH_REGISTRY.register()
class HAMNet(AlignedModel):
    """A ResNet for each modality, fused by their class activation maps.

    Losses: those of :class:`StreamScores`, and ``loss_fused_id`` and ``loss_fused_triplet`` of the fused class scores,
    as in the released code. The feature is the fused one; compare by cosine. Missing modalities have no weight in the
    fusion.

    Args:
        backbone: images to a map for each modality.
        scores: the streams' features and losses.
        fusion: of the streams' features after their necks.
        modalities, metric, pixel_mean, pixel_std: see :class:`AlignedModel`.
    """

    @configurable
    def __init__(self, *, backbone: MultiStreamResNet, scores: StreamScores, fusion: ClassActivationFusion,
                 modalities: tuple[str, ...], metric: str, pixel_mean: list[float], pixel_std: list[float]):
        super().__init__([Block(backbone.dim)], modalities, metric, pixel_mean, pixel_std)
        self.backbone, self.scores, self.fusion = backbone, scores, fusion
        self.compares_identities = bool(scores.triplet)

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        options, classes, shared = cfg.MODEL.HAMNET, cfg.MODEL.HEADS.NUM_CLASSES, aligned_arguments(cfg)
        modalities, backbone = len(cfg.DATASETS.ALIGNED.MODALITIES), build_multi_stream(cfg)
        return shared | {
            "backbone": backbone,
            "scores": StreamScores(backbone.dim, modalities, classes, options.SCORE_COHERENCE, options.TRIPLET,
                                   label_smoothing(cfg)),
            "fusion": ClassActivationFusion(backbone.dim, classes, modalities),
        }

    def forward(self, batch: dict) -> dict[str, Tensor] | Tensor:
        """Training: a batch of ``images (B, M, 3, H, W), targets (B,)`` to a dict of 0-d losses.
        Evaluation: ``images`` to (B, D) features, with a ``modality_mask (B, M)`` to (B, D + M), which hold it."""
        images, present = self.read(batch)
        maps = self.backbone(images, present)
        necked = self.scores(maps)
        fused, fused_scores = self.fusion(maps, necked, present)
        if not self.training:
            return self.feature(fused, batch)
        targets = batch["targets"].to(self.device)
        losses = self.scores.losses(necked, targets)
        losses["loss_fused_id"] = F.cross_entropy(fused_scores, targets, label_smoothing=self.scores.label_smoothing)
        if self.scores.triplet:
            losses["loss_fused_triplet"] = self.scores.triplet * batch_hard_triplet(fused_scores, targets)
        return losses
