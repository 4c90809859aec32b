"""The methods of aligned modalities on RoadScene in RGBNT201's and in RGBN300's layout."""

from comparison.experiment import Experiment, Row
from comparison.visible_infrared import LITE0

_METRICS = ("Rank-1", "Rank-5", "Rank-10", "mAP", "mINP")
_SHARED = (
    "IMPORTS ['comparison.shortened'] MODEL.BACKBONE.NAME build_shortened_multi_stream "
    "MODEL.BACKBONE.RESNET.STEM_RELU True SOLVER.WARMUP_ITERS 50 SOLVER.OPT AdamW SOLVER.BASE_LR 0.001 "
    "SOLVER.WEIGHT_DECAY 0.01 SOLVER.IMS_PER_BATCH 32 MODEL.BACKBONE.PRETRAIN True MODEL.BACKBONE.STAGES 5 " + LITE0
)
_STREAMS_ONLY = "MODEL.IEEE.REM none MODEL.LOSSES.NAME ['CrossEntropyLoss']"

RGBNT201 = Experiment(
    "RGBNT201",
    "test",
    _METRICS,
    epochs=5,
    frozen=4,
    views=2,
    options=_SHARED + "INPUT.SIZE_TRAIN [128,64] INPUT.SIZE_TEST [128,64] MODEL.IEEE.PARTS 4 ",
    rows={
        "three streams": Row("RGBNT201/ieee", _STREAMS_ONLY + " MODEL.IEEE.CIM False"),
        "+ CIM": Row("RGBNT201/ieee", _STREAMS_ONLY, base="three streams"),
        "+ CIM + 3M": Row("RGBNT201/ieee", "MODEL.IEEE.REM none", base="three streams"),
        "IEEE (+ CIM + 3M + REM)": Row("RGBNT201/ieee", base="three streams"),
        "untrained": Row("RGBNT201/ieee", _STREAMS_ONLY + " MODEL.IEEE.CIM False", epochs=0),
    },
)

_FUSIONS = {
    "add": "add",
    "concatenate": "concatenate",
    "transformer": "transformer",
    "cross-attention": "cross_attention",
    "cross-attention with diffusion": "cross_diffusion",
    "MutualFormer": "mutualformer",
}
_TRIPLET = (  # HAMNet has that loss on its streams and its fused scores
    "MODEL.LOSSES.NAME ['CrossEntropyLoss','TripletLoss','HeterogeneousScoreCoherence'] "
    "MODEL.LOSSES.TRI.OUTPUTS ['stream_features','features'] MODEL.LOSSES.TRI.HARD_MINING True "
)
_MUTUAL = "RGBN300/mutualformer"


_NARROW = "MODEL.MUTUALFORMER.VIT '' MODEL.MUTUALFORMER.DIM 128 MODEL.MUTUALFORMER.HEADS 4 "


def _fused(fusion: str) -> str:
    return f"{_TRIPLET}{_NARROW}MODEL.MUTUALFORMER.FUSION {fusion}"


def _tested(feature: str, name: str, base: str) -> Row:
    options = f"{_fused(_FUSIONS[name])} MODEL.MUTUALFORMER.{feature}"
    return Row(_MUTUAL, options, base, tests=name)


RGBN300 = Experiment(
    "RGBN300",
    "test",
    _METRICS,
    epochs=5,
    frozen=4,
    views=2,
    options=_SHARED + "INPUT.SIZE_TRAIN [64,128] INPUT.SIZE_TEST [64,128] INPUT.PADDING.SIZE 5 ",
    rows={"HAMNet": Row("RGBN300/hamnet")}
    | {name: Row(_MUTUAL, _fused(fusion), "HAMNet") for name, fusion in _FUSIONS.items()}
    | {
        f"{name}, fused only": _tested("TEST_FEATURE fused", name, "" if name == "add" else "add, fused only")
        for name in _FUSIONS
    }
    | {"MutualFormer, equal lengths": _tested("TEST_NORMALIZE True", "MutualFormer", "MutualFormer")}
    | {"untrained": Row("RGBN300/hamnet", epochs=0)},
)
