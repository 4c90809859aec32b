"""Visible-infrared Re-ID on RoadScene-VI: CNN methods above a frozen EfficientNet-lite0, CMTR above a frozen ViT."""

from dataclasses import replace

from comparison.experiment import Experiment, Row

_SHARED = (
    "IMPORTS ['comparison.shortened'] MODEL.BACKBONE.PRETRAIN True INPUT.PADDING.ENABLED True INPUT.PADDING.SIZE 5 "
    "INPUT.CHANNEL_AUGMENTATION.ENABLED False INPUT.REA.ENABLED True INPUT.REA.VALUE [123.675,116.28,103.53] "
    "DATALOADER.NUM_INSTANCE 4 SOLVER.PRETRAINED_LR_FACTOR 0.1 SOLVER.WARMUP_ITERS 50 "
)
_ADAM = "SOLVER.OPT Adam SOLVER.BASE_LR 0.003 SOLVER.IMS_PER_BATCH 64 "
_ADAMW = (
    "SOLVER.OPT AdamW SOLVER.BASE_LR 0.005 SOLVER.WEIGHT_DECAY 0.01 SOLVER.WEIGHT_DECAY_NORM 0.01 "
    "SOLVER.WEIGHT_DECAY_BIAS 0.01 SOLVER.IMS_PER_BATCH 32 "
)
LITE0 = (
    "MODEL.BACKBONE.RESNET.NAME tf_efficientnet_lite0 MODEL.BACKBONE.CHANNELS_LAST True MODEL.BACKBONE.LAST_STRIDE 2 "
    "MODEL.PIXEL_MEAN [127.0,127.0,127.0] MODEL.PIXEL_STD [128.0,128.0,128.0] "
)
"""Options of EfficientNet-lite0 with the weights of ImageNet."""
_CNN = LITE0 + (
    "MODEL.BACKBONE.NAME build_shortened_two_stream MODEL.BACKBONE.RESNET.SPECIFIC_STAGES 5 "
    "INPUT.SIZE_TRAIN [128,64] INPUT.SIZE_TEST [128,64] "
)
_METRICS = ("Rank-1", "mAP", "mINP")
_PARTS = "MODEL.HEADS.PARTS 8"  # maps have 8 rows, which the papers' 6 parts do not divide


def _losses(*names: str) -> str:
    """Return the option that names the losses of a row."""
    return " MODEL.LOSSES.NAME [" + ",".join(map(repr, names)) + "]"


_BASE = ("CrossEntropyLoss", "HeteroCenterTriplet")
_MAM, _IAM = _losses(*_BASE, "ModalityConsistency"), _losses(*_BASE, "ModulationDiscriminative")


def _cmt(options: str, base: str = "HCT") -> Row:
    return Row("SYSU/cmt", _PARTS + options, base)


CMT = Experiment(
    "SYSUMM01",
    "all_search_10shot",
    _METRICS,
    epochs=4,
    frozen=5,
    options=_SHARED + _ADAM + _CNN + "MODEL.BACKBONE.STAGES 5 ",
    rows={
        "HCT": Row("SYSU/hct", _PARTS),
        "CMT": _cmt(""),
        "CMT, not modulated": replace(_cmt(_MAM), tests="CMT"),
        "+ MAM": _cmt(_MAM),
        "+ MAM, trained by all losses": _cmt(" MODEL.CMT.DETACH_COMPENSATION False" + _MAM),
        "+ IAM": _cmt(_IAM),
        "untrained": Row("SYSU/hct", _PARTS + " MODEL.HEADS.PART_DIM 0", epochs=0),
    },
)
"""The whole backbone is frozen, and ends after its fifth stage."""

_TRIPLET = ("CrossEntropyLoss", "TripletLoss")


def _mun(*names: str) -> Row:
    return Row("SYSU/mun", "MODEL.MUN.RATIOS [2,4]" + _losses(*_TRIPLET, *names), base="MUN, base" if names else "")


MUN = replace(
    CMT,
    options=_SHARED + _ADAMW + _CNN + "MODEL.BACKBONE.STAGES 6 ",
    rows={
        "MUN, base": _mun(),
        "+ L_idc": _mun("IdentityConsistency"),
        "+ L_idc + L_ia": _mun("IdentityConsistency", "IdentityAlignment"),
        "+ L_idc + L_ma": _mun("IdentityConsistency", "ModalityAlignment"),
        "MUN": _mun("IdentityConsistency", "IdentityAlignment", "ModalityAlignment"),
        "untrained": replace(_mun(), epochs=0),
    },
)
"""The sixth stage is trained, too, as MUN's losses are of maps that shared stages make of auxiliary ones."""

_VIT = (
    "MODEL.BACKBONE.NAME build_shortened_vit MODEL.BACKBONE.VIT.NAME vit_small_patch14_dinov2 "
    "MODEL.BACKBONE.STRIDE_SIZE (14,14) MODEL.BACKBONE.STAGES 12 MODEL.BACKBONE.DROP_PATH_RATIO 0.0 "
    "MODEL.PIXEL_MEAN [123.675,116.28,103.53] MODEL.PIXEL_STD [58.395,57.12,57.375] "
    "INPUT.SIZE_TRAIN [126,70] INPUT.SIZE_TEST [126,70] "
)
_CMTR = ("CrossEntropyLoss", "WeightedRegularizedTriplet")
CMTR = replace(
    CMT,
    frozen=8,
    options=_SHARED + _ADAMW + _VIT + "SOLVER.BASE_LR 0.001 ",
    rows={
        "CMTR, base": Row("SYSU/cmtr", "MODEL.CMTR.MODALITY_EMBEDDING False" + _losses(*_CMTR)),
        "+ ME": Row("SYSU/cmtr", _losses(*_CMTR), base="CMTR, base"),
        "+ ME + MAC": Row("SYSU/cmtr", _losses(*_CMTR, "ModalityAwareCenter"), base="CMTR, base"),
        "CMTR": Row("SYSU/cmtr", base="CMTR, base"),
        "CMTR by g": Row("SYSU/cmtr", "MODEL.CMTR.TEST_FEATURE g", base="CMTR", tests="CMTR"),
        "untrained": Row("SYSU/cmtr", "MODEL.CMTR.MODALITY_EMBEDDING False" + _losses(*_CMTR), epochs=0),
    },
)
