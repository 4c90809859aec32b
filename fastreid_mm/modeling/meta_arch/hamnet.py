"""HAMNet, the baseline of MutualFormer-ReID.

Li et al., "Multi-spectral Vehicle Re-identification: A Challenge", AAAI 2020 (no arXiv version).
"""

from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.layers import ClassActivationFusion
from fastreid_mm.modeling.backbones.multi_stream import MultiStreamResNet, build_multi_stream
from fastreid_mm.modeling.config_checks import label_smoothing
from fastreid_mm.modeling.global_batch import global_batch
from fastreid_mm.modeling.heads.hamnet import HAMNetHead
from fastreid_mm.modeling.meta_arch.aligned_model import AlignedModel, Block, aligned_arguments


@META_ARCH_REGISTRY.register()
class HAMNet(AlignedModel):
    """A ResNet for each modality, whose features are fused by their class activation maps.

    The losses are those of :class:`HAMNetHead`. The feature of a sample is the fused one; compare by cosine. Missing
    modalities have no weight in the fusion.

    Args:
        backbone: turns images into a map for each modality.
        scores: turns the maps into features, and these and the fused class scores into losses.
        fusion: fuses the features of the streams after their necks.
        modalities, metric, pixel_mean, pixel_std: see :class:`AlignedModel`.
    """

    training_only = ("scores.classifier.",)

    @configurable
    def __init__(
        self,
        *,
        backbone: MultiStreamResNet,
        scores: HAMNetHead,
        fusion: ClassActivationFusion,
        modalities: tuple[str, ...],
        metric: str,
        pixel_mean: list[float],
        pixel_std: list[float],
    ) -> None:
        super().__init__([Block(backbone.dim)], modalities, metric, pixel_mean, pixel_std)
        self.backbone, self.scores, self.fusion = backbone, scores, fusion
        self.compares_identities = bool(scores.triplet)

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """The arguments of the constructor, read from the config."""
        options, classes, shared = cfg.MODEL.HAMNET, cfg.MODEL.HEADS.NUM_CLASSES, aligned_arguments(cfg)
        modalities, backbone = len(cfg.DATASETS.ALIGNED.MODALITIES), build_multi_stream(cfg)
        return shared | {
            "backbone": backbone,
            "scores": HAMNetHead(
                backbone.dim, modalities, classes, options.SCORE_COHERENCE, options.TRIPLET, label_smoothing(cfg)
            ),
            "fusion": ClassActivationFusion(backbone.dim, classes, modalities),
        }

    def forward(self, batch: dict) -> dict[str, Tensor] | Tensor:
        """A batch to its losses in training, and to its features in evaluation.

        Training: a batch of ``images (B, M, 3, H, W), targets (B,)`` to a dict of 0-d losses.
        Evaluation: ``images`` to (B, D) features, with a ``modality_mask (B, M)`` to (B, D + M), which hold it.
        """
        images, present = self.read(batch)
        maps = self.backbone(images, present)
        features = self.scores.features(maps)
        fused, fused_scores = self.fusion(maps, features, present)
        if not self.training:
            return self.feature(fused, batch)
        return self.scores(*global_batch(features, fused_scores, batch["targets"].to(self.device)))
