"""The methods of aligned modalities on RoadScene in RGBNT201's and in RGBN300's layout."""

from comparison.experiment import Experiment, Row

_METRICS = ("Rank-1", "Rank-5", "Rank-10", "mAP", "mINP")
_SCRATCH = "MODEL.BACKBONE.PRETRAIN False MODEL.BACKBONE.RESNET.NAME resnet10t SOLVER.IMS_PER_BATCH 16 "
"""With weights of ImageNet the untrained networks have an mAP of 54 and 92 already."""
_STREAMS_ONLY = "MODEL.IEEE.LOSS none MODEL.IEEE.REM none"

RGBNT201 = Experiment(
    "RGBNT201",
    "test",
    _METRICS,
    epochs=8,
    period=2,
    options=_SCRATCH + "INPUT.SIZE_TRAIN [64,32] INPUT.SIZE_TEST [64,32] MODEL.IEEE.PARTS 2",
    rows={
        "three streams": Row("ieee", _STREAMS_ONLY + " MODEL.IEEE.CIM False"),
        "+ CIM": Row("ieee", _STREAMS_ONLY, base="three streams"),
        "+ CIM + 3M": Row("ieee", "MODEL.IEEE.REM none", base="three streams"),
        "IEEE (+ CIM + 3M + REM)": Row("ieee", base="three streams"),
    },
    reference="IEEE (+ CIM + 3M + REM)",
)


_TRIPLET = "MODEL.MUTUALFORMER.TRIPLET 1.0 "  # HAMNet has that loss too


def _mutualformer(fusion: str) -> Row:
    return Row("mutualformer", f"{_TRIPLET}MODEL.MUTUALFORMER.FUSION {fusion}", "HAMNet")


def _tested_by(feature: str) -> Row:
    return Row("mutualformer", f"{_TRIPLET}MODEL.MUTUALFORMER.TEST_FEATURE {feature}", "HAMNet", tests="MutualFormer")


RGBN300 = Experiment(
    "RGBN300",
    "test",
    _METRICS,
    epochs=3,
    period=1,
    options=_SCRATCH + "INPUT.SIZE_TRAIN [32,64] INPUT.SIZE_TEST [32,64]",
    rows={
        "HAMNet": Row("hamnet"),
        "add": _mutualformer("add"),
        "concatenate": _mutualformer("concatenate"),
        "transformer": _mutualformer("transformer"),
        "cross-attention": _mutualformer("cross_attention"),
        "cross-attention with diffusion": _mutualformer("cross_diffusion"),
        "MutualFormer": Row("mutualformer", _TRIPLET, base="HAMNet"),
        "MutualFormer, fused only": _tested_by("fused"),
        "MutualFormer, streams only": _tested_by("streams"),
    },
    reference="MutualFormer",
)
