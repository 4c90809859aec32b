"""Methods of aligned modalities on RoadScene in RGBNT201's and in RGBN300's layout."""

from comparison.experiment import Experiment, Row

_METRICS = ("Rank-1", "Rank-5", "Rank-10", "mAP", "mINP")
_SCRATCH = "MODEL.BACKBONE.PRETRAIN False MODEL.BACKBONE.RESNET.NAME resnet10t SOLVER.IMS_PER_BATCH 16 "
"""Options without ImageNet weights, with which the untrained networks would have an mAP of 54 and 92 already."""
_STREAMS_ONLY = "MODEL.LOSSES.NAME ['CrossEntropyLoss'] MODEL.IEEE.REM none"

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


_TRIPLET = (  # HAMNet has this loss, too
    "MODEL.LOSSES.NAME ['CrossEntropyLoss','TripletLoss','HeterogeneousScoreCoherence'] "
    "MODEL.LOSSES.TRI.OUTPUTS ['stream_features'] MODEL.LOSSES.TRI.HARD_MINING True "
)
_FUSIONS = {
    "add": "add",
    "concatenate": "concatenate",
    "transformer": "transformer",
    "cross-attention": "cross_attention",
    "cross-attention with diffusion": "cross_diffusion",
    "MutualFormer": "mutualformer",
}


def _trained(fusion: str) -> Row:
    return Row("mutualformer", f"{_TRIPLET}MODEL.MUTUALFORMER.FUSION {fusion}", "HAMNet")


def _tested_by(feature: str, name: str, base: str) -> Row:
    options = f"{_trained(_FUSIONS[name]).options} MODEL.MUTUALFORMER.TEST_FEATURE {feature}"
    return Row("mutualformer", options, base, tests=name)


RGBN300 = Experiment(
    "RGBN300",
    "test",
    _METRICS,
    epochs=3,
    period=1,
    options=_SCRATCH + "INPUT.SIZE_TRAIN [32,64] INPUT.SIZE_TEST [32,64]",
    rows={"HAMNet": Row("hamnet")}
    | {name: _trained(fusion) for name, fusion in _FUSIONS.items()}
    | {"MutualFormer, streams only": _tested_by("streams", "MutualFormer", "HAMNet")}
    | {
        f"{name}, fused only": _tested_by("fused", name, "add" if name == "add" else "add, fused only")
        for name in _FUSIONS
    },
    reference="MutualFormer",
)
