"""MutualFormer for RGB-NIR vehicle Re-ID.

Wang et al., "MutualFormer: Multi-Modality Representation Learning via Cross-Diffusion Attention", section 3.4 and
figure 5, https://arxiv.org/abs/2112.01177
"""

import torch
from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.errors import InputError
from fastreid_mm.layers import TokenFusion
from fastreid_mm.layers.choices import READINGS
from fastreid_mm.layers.token_fusion import STACKS, VARIANTS
from fastreid_mm.modeling.backbones.multi_stream import MultiStreamResNet, build_multi_stream
from fastreid_mm.modeling.config_checks import label_smoothing, require_choice
from fastreid_mm.modeling.global_batch import global_batch
from fastreid_mm.modeling.heads.hamnet import StreamHead
from fastreid_mm.modeling.heads.mutualformer import TokenFusionHead
from fastreid_mm.modeling.meta_arch.aligned_model import AlignedModel, Block, aligned_arguments

TEST_FEATURES = {"all": slice(0, 3), "fused": slice(0, 1), "streams": slice(1, 3)}
"""Which of the three blocks of a feature (fused, RGB stream, NIR stream) are its feature in a test."""


@META_ARCH_REGISTRY.register()
class MutualFormerReID(AlignedModel):
    """A ResNet for each of two modalities, fused by MutualFormer on the places of their last maps.

    The losses are those of :class:`StreamHead` and :class:`TokenFusionHead`. The feature of a sample is the fused one
    followed by those of both streams after their necks, or a part of these; compare by cosine. Where a modality is
    missing, so is the fused block: two such samples are compared by the stream that both have.

    Args:
        backbone: turns images into a map for each modality.
        scores: turns the maps into the features of the streams, and these into losses.
        fusion: turns the maps into the fused feature, and this into a loss.
        test_feature: "all" blocks of a feature, only the "fused" one or only those of the "streams".
        modalities, metric, pixel_mean, pixel_std: see :class:`AlignedModel`.
    """

    training_only = (".classifier.",)

    @configurable
    def __init__(
        self,
        *,
        backbone: MultiStreamResNet,
        scores: StreamHead,
        fusion: TokenFusionHead,
        test_feature: str,
        modalities: tuple[str, ...],
        metric: str,
        pixel_mean: list[float],
        pixel_std: list[float],
    ) -> None:
        self._tested = TEST_FEATURES[test_feature]
        blocks = [Block(fusion.classifier.in_features, (0, 1)), Block(backbone.dim, (0,)), Block(backbone.dim, (1,))]
        super().__init__(blocks[self._tested], modalities, metric, pixel_mean, pixel_std)
        self.backbone, self.scores, self.fusion = backbone, scores, fusion
        self.compares_identities = bool(scores.triplet)

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """The arguments of the constructor, read from the config."""
        options, classes, shared = cfg.MODEL.MUTUALFORMER, cfg.MODEL.HEADS.NUM_CLASSES, aligned_arguments(cfg)
        _check(cfg)
        backbone = build_multi_stream(cfg)
        return shared | {
            "backbone": backbone,
            "scores": StreamHead(
                backbone.dim, 2, classes, options.SCORE_COHERENCE, options.TRIPLET, label_smoothing(cfg)
            ),
            "fusion": TokenFusionHead(
                backbone.dim,
                options.DIM,
                backbone.map_size(cfg.INPUT.SIZE_TRAIN),
                _build_fusion(cfg),
                classes,
                options.SHARE_PATCH_EMBED,
                label_smoothing(cfg),
            ),
            "test_feature": options.TEST_FEATURE,
        }

    def forward(self, batch: dict) -> dict[str, Tensor] | Tensor:
        """A batch to its losses in training, and to its features in evaluation.

        Training: a batch of ``images (B, 2, 3, H, W), targets (B,)`` to a dict of 0-d losses.
        Evaluation: ``images`` to (B, D) features, with a ``modality_mask (B, 2)`` to (B, D + 2), which hold it.
        """
        images, present = self.read(batch)
        maps = self.backbone(images, present)
        streams = self.scores.features(maps)
        fused = self.fusion.features(maps)
        if not self.training:
            if present is not None:
                fused, streams = fused * present.all(1)[:, None], streams * present[..., None]
            return self.feature(torch.cat([fused, *streams.unbind(1)][self._tested], dim=1), batch)
        streams, fused, targets = global_batch(streams, fused, batch["targets"].to(self.device))
        return self.scores(streams, targets) | self.fusion(fused, targets)


def _check(cfg: CfgNode) -> None:
    options = cfg.MODEL.MUTUALFORMER
    if len(cfg.DATASETS.ALIGNED.MODALITIES) != 2:
        raise InputError(
            "MutualFormerReID fuses two modalities, DATASETS.ALIGNED.MODALITIES are "
            f"{', '.join(cfg.DATASETS.ALIGNED.MODALITIES)}"
        )
    if tuple(cfg.INPUT.SIZE_TRAIN) != tuple(cfg.INPUT.SIZE_TEST):
        raise InputError(
            f"MutualFormerReID has positions for one size of images: INPUT.SIZE_TRAIN "
            f"{cfg.INPUT.SIZE_TRAIN} and INPUT.SIZE_TEST {cfg.INPUT.SIZE_TEST} differ"
        )
    require_choice(cfg, "MODEL.MUTUALFORMER.TEST_FEATURE", TEST_FEATURES)
    if options.TEST_FEATURE == "fused" and cfg.TEST.MISSING:
        raise InputError(
            "MODEL.MUTUALFORMER.TEST_FEATURE fused is made of both modalities, TEST.MISSING are "
            f"{', '.join(cfg.TEST.MISSING)}"
        )


def _build_fusion(cfg: CfgNode) -> TokenFusion:
    options = cfg.MODEL.MUTUALFORMER
    for key, known in (("FUSION", VARIANTS), ("STACK", STACKS), ("READING", READINGS)):
        require_choice(cfg, f"MODEL.MUTUALFORMER.{key}", known)
    if not 0 <= options.EPSILON <= 1:
        raise InputError(f"MODEL.MUTUALFORMER.EPSILON {options.EPSILON} is not between 0 and 1")
    if options.HEADS < 1 or options.DIM % options.HEADS:
        raise InputError(
            f"MODEL.MUTUALFORMER.HEADS {options.HEADS} does not divide the {options.DIM} channels of "
            "MODEL.MUTUALFORMER.DIM"
        )
    if options.LAYERS < 1:
        raise InputError(f"MODEL.MUTUALFORMER.LAYERS {options.LAYERS} is less than 1")
    if options.DIM < 1:
        raise InputError(f"MODEL.MUTUALFORMER.DIM {options.DIM} is less than 1")
    return TokenFusion(
        options.DIM,
        options.HEADS,
        options.LAYERS,
        options.FUSION,
        options.STACK,
        epsilon=options.EPSILON,
        reading=options.READING,
        joint_norm=options.JOINT_NORM,
        fused_self_attention=options.FUSED_SELF_ATTENTION,
    )
