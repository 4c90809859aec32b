"""Methods of aligned modalities on RoadScene in RGBNT201's and in RGBN300's layout."""

from comparison.experiment import Experiment, Row
from comparison.visible_infrared import LITE0

_METRICS = ("Rank-1", "mAP", "mINP")
_SHARED = (
    "IMPORTS ['comparison.shortened'] MODEL.BACKBONE.NAME build_shortened_multi_stream "
    "MODEL.BACKBONE.RESNET.STEM_RELU True SOLVER.WARMUP_ITERS 50 SOLVER.OPT AdamW SOLVER.BASE_LR 0.003 "
    "SOLVER.WEIGHT_DECAY 0.01 SOLVER.IMS_PER_BATCH 32 MODEL.BACKBONE.PRETRAIN True MODEL.BACKBONE.STAGES 5 " + LITE0
)
_STREAMS_ONLY = "MODEL.IEEE.REM none MODEL.LOSSES.NAME ['CrossEntropyLoss']"

RGBNT201 = Experiment(
    "RGBNT201",
    "test",
    _METRICS,
    epochs=20,
    frozen=4,
    options=_SHARED + "INPUT.SIZE_TRAIN [64,32] INPUT.SIZE_TEST [64,32] MODEL.IEEE.PARTS 2 ",
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
    "cross-attention": "cross_attention",
    "MutualFormer": "mutualformer",
}
_MUTUAL = (  # HAMNet has the triplet loss on its streams and its fused scores
    "MODEL.MUTUALFORMER.VIT '' MODEL.MUTUALFORMER.DIM 128 MODEL.MUTUALFORMER.HEADS 4 "
    "MODEL.LOSSES.NAME ['CrossEntropyLoss','TripletLoss','HeterogeneousScoreCoherence'] "
    "MODEL.LOSSES.TRI.OUTPUTS ['stream_features','features'] MODEL.LOSSES.TRI.HARD_MINING True "
    "MODEL.MUTUALFORMER.FUSION "
)


def _fusions(base: str, options: str = "", tested: str = "") -> dict[str, Row]:
    """Make the rows of all fusions, or those that test their networks by another feature."""
    rows = {}
    for name, fusion in _FUSIONS.items():
        row, tests = name + tested, name if tested else ""
        rows[row] = Row("RGBN300/mutualformer", _MUTUAL + fusion + options, base if row != base else "", tests)
    return rows


RGBN300 = Experiment(
    "RGBN300",
    "test",
    _METRICS,
    epochs=20,
    frozen=3,
    options=_SHARED + "INPUT.SIZE_TRAIN [32,64] INPUT.SIZE_TEST [32,64] INPUT.PADDING.SIZE 5 ",
    rows={"HAMNet": Row("RGBN300/hamnet")}
    | _fusions("HAMNet")
    | _fusions("add, fused only", " MODEL.MUTUALFORMER.TEST_FEATURE fused", ", fused only")
    | {"untrained": Row("RGBN300/hamnet", epochs=0)},
)
