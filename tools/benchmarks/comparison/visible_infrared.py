"""Visible-infrared Re-ID on RoadScene-VI: CNN methods above a frozen EfficientNet-lite0, CMTR above a frozen ViT."""

from dataclasses import replace

from comparison.experiment import Experiment, Row

_SHARED = (
    "IMPORTS ['comparison.shortened'] MODEL.BACKBONE.PRETRAIN True "
    "INPUT.PADDING.ENABLED True INPUT.PADDING.SIZE 5 INPUT.CHANNEL_AUGMENTATION.ENABLED False "
    "INPUT.REA.ENABLED True INPUT.REA.VALUE [123.675,116.28,103.53] "
    "DATALOADER.NUM_INSTANCE 4 SOLVER.PRETRAINED_LR_FACTOR 0.1 SOLVER.WARMUP_ITERS 50 "
)
_SGD = (
    "SOLVER.OPT SGD SOLVER.BASE_LR 0.03 SOLVER.MOMENTUM 0.9 SOLVER.NESTEROV False SOLVER.WEIGHT_DECAY 0.0005 "
    "SOLVER.WEIGHT_DECAY_NORM 0.0005 SOLVER.WEIGHT_DECAY_BIAS 0.0005 SOLVER.IMS_PER_BATCH 64 "
)
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
_METRICS = ("Rank-1", "Rank-10", "mAP", "mINP")
_PARTS = "MODEL.HEADS.PARTS 8"  # maps have 8 rows, which the papers' 6 parts do not divide


def _losses(*names: str) -> str:
    """The option that names the losses of a row."""
    return " MODEL.LOSSES.NAME [" + ",".join(map(repr, names)) + "]"


_BASE = ("CrossEntropyLoss", "HeteroCenterTriplet")
_MAM, _IAM = _losses(*_BASE, "ModalityConsistency"), _losses(*_BASE, "ModulationDiscriminative")
_BLOCK = " MODEL.CMT.DECODER block"
_ATTACHED = " MODEL.LOSSES.MODALITY_CONSISTENCY.DETACH_CENTROID False"
_MODULATION = " MODEL.LOSSES.MODULATION_DISCRIMINATIVE."
_DETACHED = _MODULATION + "DETACH_FEATURES True"
_ALL = _MODULATION + "MINING all"
_PLAIN = " MODEL.CMT.GENERATOR_SCALE plain"
_MUN, _RATIOS = ("CrossEntropyLoss", "TripletLoss"), "MODEL.MUN.RATIOS [2,4]"


def _mun(*names: str) -> Row:
    return Row("SYSU/mun", _RATIOS + _losses(*_MUN, *names), base="MUN, base" if names else "")


def _cmt(options: str, base: str = "HCT") -> Row:
    return Row("SYSU/cmt", _PARTS + options, base)


ROWS = {
    "HCT": Row("SYSU/hct", _PARTS),
    "CMT": _cmt(""),
    "+ MAM": _cmt(_MAM),
    "+ IAM": _cmt(_IAM),
    "+ IAM, parts alone": Row("SYSU/hct", _PARTS, base="HCT", tests="+ IAM"),
    "+ IAM, all triplets": _cmt(_ALL + _IAM),
    "+ IAM, all triplets, parts alone": Row("SYSU/hct", _PARTS, base="HCT", tests="+ IAM, all triplets"),
    "+ MAM, block": _cmt(_BLOCK + _MAM),
    "+ MAM, centres not detached": _cmt(_ATTACHED + _MAM),
    "+ MAM, block, centres not detached": _cmt(_BLOCK + _ATTACHED + _MAM),
    "+ IAM, features detached": _cmt(_DETACHED + _IAM),
    "+ IAM, plain scale": _cmt(_PLAIN + _IAM),
    "CMT, features detached": _cmt(_DETACHED),
    "CMT, block, centres not detached": _cmt(_BLOCK + _ATTACHED),
    "untrained": Row("SYSU/hct", _PARTS + " MODEL.HEADS.PART_DIM 0", epochs=0),
}

CMT = Experiment(
    "SYSUMM01",
    "all_search_10shot",
    _METRICS,
    epochs=4,
    frozen=5,
    views=2,
    options=_SHARED + _SGD + _CNN + "MODEL.BACKBONE.STAGES 5 ",
    rows=ROWS,
)
"""The whole backbone is frozen, and ends after its fifth stage."""

MUN = replace(
    CMT,
    epochs=2,
    options=_SHARED + _ADAMW + _CNN + "MODEL.BACKBONE.STAGES 6 ",
    rows={
        "MUN, base": _mun(),
        "+ L_idc": _mun("IdentityConsistency"),
        "+ L_idc + L_ia": _mun("IdentityConsistency", "IdentityAlignment"),
        "+ L_idc + L_ma": _mun("IdentityConsistency", "ModalityAlignment"),
        "MUN": Row("SYSU/mun", _RATIOS, base="MUN, base"),
        "MUN, L_ia on raw features": Row(
            "SYSU/mun", _RATIOS + " MODEL.LOSSES.IDENTITY_ALIGNMENT.NORMALIZE False", base="MUN, base"
        ),
        "untrained": Row("SYSU/mun", _RATIOS + _losses(*_MUN), epochs=0),
    },
)
"""The sixth stage is trained, too, as MUN's losses are of maps that shared stages make of auxiliary ones."""

_VALIDATION = "DATASETS.SYSU.SPLIT val "
CMT_VAL, MUN_VAL = (replace(each, options=each.options + _VALIDATION) for each in (CMT, MUN))
"""Settings are chosen on these places."""

_VIT = (
    "MODEL.BACKBONE.NAME build_shortened_vit MODEL.BACKBONE.VIT.NAME vit_small_patch14_dinov2 "
    "MODEL.BACKBONE.STRIDE_SIZE (14,14) MODEL.BACKBONE.STAGES 9 MODEL.BACKBONE.DROP_PATH_RATIO 0.0 "
    "MODEL.PIXEL_MEAN [123.675,116.28,103.53] MODEL.PIXEL_STD [58.395,57.12,57.375] "
    "INPUT.SIZE_TRAIN [126,70] INPUT.SIZE_TEST [126,70] "
)
_CMTR = ("CrossEntropyLoss", "WeightedRegularizedTriplet")
_SUMS = " MODEL.LOSSES.MODALITY_AWARE_CENTER.REDUCTION sum MODEL.LOSSES.MODALITY_AWARE_IDENTITY.REDUCTION sum"
CMTR = Experiment(
    "SYSUMM01",
    "all_search_10shot",
    _METRICS,
    epochs=1,
    frozen=8,
    views=2,
    options=_SHARED + _ADAMW + _VIT,
    rows={
        "CMTR, base": Row("SYSU/cmtr", "MODEL.CMTR.MODALITY_EMBEDDING False" + _losses(*_CMTR)),
        "+ ME": Row("SYSU/cmtr", _losses(*_CMTR), base="CMTR, base"),
        "+ ME + MAC": Row("SYSU/cmtr", _losses(*_CMTR, "ModalityAwareCenter"), base="CMTR, base"),
        "+ ME + MAID": Row("SYSU/cmtr", _losses(*_CMTR, "ModalityAwareIdentity"), base="CMTR, base"),
        "CMTR": Row("SYSU/cmtr", base="CMTR, base"),
        "CMTR by g": Row("SYSU/cmtr", "MODEL.CMTR.TEST_FEATURE g", base="CMTR", tests="CMTR"),
        "CMTR, phi with a bias": Row("SYSU/cmtr", "MODEL.CMTR.MAPPING fc_bias", base="CMTR, base"),
        "CMTR, sums": Row("SYSU/cmtr", _SUMS, base="CMTR, base"),
        "untrained": Row("SYSU/cmtr", "MODEL.CMTR.MODALITY_EMBEDDING False" + _losses(*_CMTR), epochs=0),
    },
)
