"""MutualFormer for Re-ID, and its head: the streams' branches, and one of tokens that are fused, pooled and classified.

Wang et al., "MutualFormer: Multi-Modality Representation Learning via Cross-Diffusion Attention", section 4.2 and
figure 5, https://arxiv.org/abs/2112.01177. The branches of the single modalities are HAMNet's.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from fastreid.config import configurable
from fastreid.modeling.heads import REID_HEADS_REGISTRY
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.layers import TokenFusion
from fastreid_mm.layers.vit_start import start_from_vit
from fastreid_mm.methods.mutualformer.config import TEST_FEATURES
from fastreid_mm.methods.mutualformer.vit_weights import vit_weights
from fastreid_mm.modeling.heads.aligned_head import Block, StreamHead
from fastreid_mm.modeling.meta_arch.aligned import AlignedModel


@META_ARCH_REGISTRY.register()
class MutualFormerReID(AlignedModel):
    """A ResNet for each of two modalities and any head of aligned samples; what is MutualFormer in it is its head."""


@REID_HEADS_REGISTRY.register()
class MutualFormerHead(StreamHead):
    """The fused feature of a sample, and those of both streams after their necks.

    The feature of a sample is all three in one vector, or a part of these; compare by cosine. Where a modality is
    missing, so is the fused block: two such samples are compared by the stream that both have. A token of every place
    of a map is made by a 1 x 1 convolution and a learned position for each modality.

    Args:
        fusion: fuses two streams of tokens to one.
        token_dim: channels of a token.
        share_embed: whether both modalities share one convolution, or each has its own. The paper does not say; for
            saliency detection, only a shared one meets its printed number of parameters.
        test_feature: "all" blocks of a feature, only the "fused" one or only those of the "streams".
        test_normalize: whether each of these blocks is brought to length one.
        streams: arguments of :class:`StreamHead`.
    """

    training_only = (*StreamHead.training_only, "heads.fused_classifier.")

    @configurable
    def __init__(
        self,
        *,
        fusion: TokenFusion,
        token_dim: int,
        grid: tuple[int, int],
        share_embed: bool,
        test_feature: str,
        test_normalize: bool = False,
        **streams,
    ) -> None:
        super().__init__(**streams)
        dim, classes = self.classifier.in_features, self.classifier.out_features
        self.grid, self.fusion = grid, fusion
        self.embed = nn.ModuleList(nn.Conv2d(dim, token_dim, 1) for _ in range(1 if share_embed else 2))
        self.position = nn.Parameter(nn.init.trunc_normal_(torch.empty(2, grid[0] * grid[1], token_dim), std=0.02))
        self.fused_classifier = nn.Linear(token_dim, classes)
        self._tested, self.test_normalize = TEST_FEATURES[test_feature], test_normalize
        blocks = [Block(token_dim, (0, 1)), Block(dim, (0,)), Block(dim, (1,))]
        self.blocks = tuple(blocks[self._tested])
        self.widths |= {"features": token_dim}

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """Read the arguments of the constructor from the config."""
        options, modalities = cfg.MODEL.MUTUALFORMER, cfg.DATASETS.ALIGNED.MODALITIES
        if len(modalities) != 2:
            raise InputError(
                f"MutualFormerHead fuses two modalities, DATASETS.ALIGNED.MODALITIES are {', '.join(modalities)}"
            )
        return super().from_config(cfg) | {
            "fusion": _build_fusion(cfg),
            "token_dim": options.DIM,
            "grid": tuple(cfg.MODEL.BACKBONE.MAP_TRAIN),
            "share_embed": options.SHARE_PATCH_EMBED,
            "test_feature": options.TEST_FEATURE,
            "test_normalize": options.TEST_NORMALIZE,
        }

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor] | Tensor:
        """See :class:`Head`."""
        maps = inputs["modality_maps"]
        streams, fused = self.stream_features(maps), self.fused(maps)
        if not self.training:
            tested = [fused, *streams.unbind(1)][self._tested]
            return torch.cat([F.normalize(one) for one in tested] if self.test_normalize else tested, dim=1)
        return self.classified(streams, fused, self.fused_classifier(fused))

    def fused(self, maps: Tensor) -> Tensor:
        """(B, 2, C, rows, columns) maps to (B, dim) fused features.

        Raises:
            ValueError: the maps are not of the size that the positions were made for.
        """
        if maps.shape[3:] != self.grid:
            raise ValueError(f"maps of {tuple(maps.shape[3:])} places, there are positions for {self.grid}")
        tokens = [
            self.embed[index % len(self.embed)](one).flatten(2).mT + position
            for index, (one, position) in enumerate(zip(maps.unbind(1), self.position))
        ]
        return self.fusion(*tokens).mean(1).float()


def _build_fusion(cfg: CfgNode) -> TokenFusion:
    options = cfg.MODEL.MUTUALFORMER
    if tuple(cfg.INPUT.SIZE_TRAIN) != tuple(cfg.INPUT.SIZE_TEST):
        raise InputError(
            f"MutualFormerHead has positions for one size of images: INPUT.SIZE_TRAIN "
            f"{cfg.INPUT.SIZE_TRAIN} and INPUT.SIZE_TEST {cfg.INPUT.SIZE_TEST} differ"
        )
    if options.TEST_FEATURE == "fused" and cfg.TEST.MISSING:
        raise InputError(
            "MODEL.MUTUALFORMER.TEST_FEATURE fused is made of both modalities, TEST.MISSING are "
            f"{', '.join(cfg.TEST.MISSING)}"
        )
    if options.DIM % options.HEADS:
        raise InputError(
            f"MODEL.MUTUALFORMER.HEADS {options.HEADS} does not divide the {options.DIM} channels of "
            "MODEL.MUTUALFORMER.DIM"
        )
    fusion = TokenFusion(
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
    if cfg.MODEL.BACKBONE.PRETRAIN and options.VIT and fusion.layers:
        start_from_vit(fusion, vit_weights(options.VIT), f"MODEL.MUTUALFORMER.VIT {options.VIT}")
    return fusion
