"""MutualFormer's keys for Re-ID."""

from yacs.config import CfgNode

from fastreid_mm.common.keys import Key, add_keys
from fastreid_mm.layers.choices import READINGS
from fastreid_mm.layers.token_fusion import STACKS, VARIANTS

TEST_FEATURES = {"all": slice(0, 3), "fused": slice(0, 1), "streams": slice(1, 3)}
"""The blocks of a feature, of fused, RGB and NIR stream, that a test compares."""

KEYS = {
    "FUSION": Key("mutualformer", "How the tokens of both modalities are fused (table 4).", choices=tuple(VARIANTS)),
    "LAYERS": Key(2, "Layers of it (a reading for Re-ID).", least=1),
    "EPSILON": Key(0.6, "The share of the other affinity (eq. 8).", least=0, most=1),
    "READING": Key("paper", "The affinities of eq. 8, the paper's or the released code's.", choices=tuple(READINGS)),
    "STACK": Key("carry_fused", "How layers are stacked.", choices=tuple(STACKS)),
    "JOINT_NORM": Key(False, "A LayerNorm for both modalities, which only the released layer has."),
    "FUSED_SELF_ATTENTION": Key(False, "Self-attention of the fused tokens, which only the released layer has."),
    "DIM": Key(768, "Channels of a token; the paper gives none, these are those of ViT-Base.", least=1),
    "HEADS": Key(12, "Heads of its attention, likewise.", least=1),
    "VIT": Key(
        "",
        "Start self-attention and feed-forward networks from a ViT, a name of timm's or a file; its blocks have DIM "
        "channels. Not read with MODEL.BACKBONE.PRETRAIN False.",
        when="training",
    ),
    "SHARE_PATCH_EMBED": Key(
        True,
        "One convolution makes the tokens of both modalities. The paper does not say; its number of parameters for "
        "saliency detection tells that there it does.",
    ),
    "TEST_FEATURE": Key(
        "all",
        'What is compared: "fused", the fusion\'s feature, "streams", those of the two streams, or "all" in one '
        "vector. "
        'Of the paper\'s two sentences on it, one has "all" and the other "fused".',
        choices=tuple(TEST_FEATURES),
    ),
    "TEST_NORMALIZE": Key(
        False,
        "Bring the fused feature and that of each stream to length one before they are compared in one vector, in "
        "which longer ones else count more (a reading: the paper does not say).",
    ),
}


def add_config(cfg: CfgNode) -> None:
    """Add ``MODEL.MUTUALFORMER``."""
    add_keys(cfg, "MODEL.MUTUALFORMER", KEYS)
