"""fast-reid's own keys: what each does here, the values it may have and when it takes effect."""

import math
from collections.abc import Mapping

import torch
from yacs.config import CfgNode

from fastreid_mm.common.keys import (
    CHANNELS,
    DECLARED,
    PATTERNS,
    PROBABILITY,
    SIZE,
    WHOLE_NUMBERS,
    Key,
    finite_numbers,
    leaves,
)
from fastreid_mm.common.kinds import Kind
from fastreid_mm.evaluation.distances import METRICS


def _are_deviations(value: object) -> bool:
    return CHANNELS.holds(value) and min(finite_numbers(value)) > 0


def _are_ratios(value: object) -> bool:
    numbers = finite_numbers(value)
    return len(numbers) == 2 and 0 < numbers[0] <= numbers[1]


DEVIATIONS = Kind("three numbers above 0", _are_deviations)
RATIOS = Kind("the smallest and the largest ratio of width to height", _are_ratios)
OPTIMIZERS = tuple(name for name in dir(torch.optim) if name[0].isupper())
STEPWISE, COSINE = ("SOLVER.SCHED", "MultiStepLR"), ("SOLVER.SCHED", "CosineAnnealingLR")


def _section(prefix: str, when: str, keys: Mapping[str, "Key | str"]) -> dict[str, Key]:
    """Keys of a section that take effect at the same time; a sentence alone is a key of any value of its type."""
    return {
        f"{prefix}.{name}": (key if isinstance(key, Key) else _key(key))._replace(when=when)
        for name, key in keys.items()
    }


def _key(sentence: str, **facts) -> Key:
    return Key(None, sentence, **facts)


def _chance(change: str) -> dict[str, "Key | str"]:
    return {
        "ENABLED": f"{change}.",
        "PROB": _key("Its probability for an image.", kind=PROBABILITY),
    }


KEYS = {
    "OUTPUT_DIR": Key(None, "The folder of logs, checkpoints and results.", when="running"),
    "CUDNN_BENCHMARK": Key(
        None, "cuDNN tries its algorithms and keeps the fastest.", when="running", if_unread="expected"
    ),
    **_section(
        "MODEL",
        "running",
        {
            "DEVICE": "cuda, cuda:1, cpu ...; the CPU where there is no GPU.",
            "WEIGHTS": _key("The checkpoint to begin with, or to test.", if_unread="expected"),
        },
    ),
    **_section(
        "MODEL",
        "building",
        {
            "META_ARCHITECTURE": "How the images of a batch become maps, and which head gets them; a registered name.",
            "QUEUE_SIZE": "Of fast-reid's MoCo.",
            "PIXEL_MEAN": _key("The mean of each channel, which is subtracted.", kind=CHANNELS),
            "PIXEL_STD": _key("The deviation of each channel, by which it is divided.", kind=DEVIATIONS),
        },
    ),
    **_section(
        "MODEL",
        "training",
        {
            "FREEZE_LAYERS": _key(
                "Regular expressions of parameters that do not train in the first SOLVER.FREEZE_ITERS iterations.",
                kind=PATTERNS,
            ),
        },
    ),
    **_section(
        "MODEL.BACKBONE",
        "building",
        {
            "NAME": "The network, of fast-reid's registry.",
            "DEPTH": "Of fast-reid's own networks.",
            "LAST_STRIDE": _key("Stride of the last stage: 1 keeps its maps large.", choices=(1, 2)),
            "FEAT_DIM": "Channels of the maps. Known of every network here, whatever it says.",
            "NORM": "Of fast-reid's own networks.",
            "WITH_IBN": "Of fast-reid's own networks.",
            "WITH_SE": "Of fast-reid's own networks.",
            "WITH_NL": "Of fast-reid's own networks.",
            "SIE_COE": "Of fast-reid's ViT.",
            "STRIDE_SIZE": _key("Steps between the patches of a ViT, down and across.", kind=SIZE),
            "DROP_PATH_RATIO": "The share of blocks of a ViT that training leaves out.",
            "DROP_RATIO": "Dropout of a ViT.",
            "ATT_DROP_RATE": "Dropout of a ViT's attention.",
        },
    ),
    **_section(
        "MODEL.BACKBONE",
        "training",
        {
            "PRETRAIN": _key("Begin with pretrained weights.", on_resume="free"),
            "PRETRAIN_PATH": _key("A local file of them.", if_unread="warned", on_resume="free"),
        },
    ),
    **_section(
        "MODEL.HEADS",
        "building",
        {
            "NAME": "How maps become the feature, and in training named outputs; of fast-reid's registry.",
            "NORM": "The normalization of the neck: BN, syncBN ...",
            "NUM_CLASSES": "Training identities. 0 takes those of the data set, or of the checkpoint.",
            "EMBEDDING_DIM": "A 1 x 1 convolution to so many channels before the neck; 0 has none.",
            "WITH_BNNECK": "A BatchNorm between the feature that is compared and the one that is classified.",
            "NECK_FEAT": "Which of the two the losses compare.",
            "POOL_LAYER": "How maps become a vector.",
            "CLS_LAYER": "Linear, ArcSoftmax, CosSoftmax or CircleSoftmax.",
            "MARGIN": "Of the last three.",
            "SCALE": "Of the last three.",
        },
    ),
    **_section(
        "MODEL.LOSSES",
        "training",
        {
            "NAME": "The loss terms, in order.",
            "CE.ALPHA": "CrossEntropyLoss: the strength of adaptive smoothing.",
            "CE.SCALE": "CrossEntropyLoss: its weight.",
            "FL.ALPHA": "Of a focal loss that fast-reid has no name for.",
            "FL.GAMMA": "Likewise.",
            "FL.SCALE": "Likewise.",
            "TRI.MARGIN": "TripletLoss: its margin; 0 is a soft one.",
            "TRI.NORM_FEAT": "TripletLoss: distances of features at length one.",
            "TRI.HARD_MINING": "TripletLoss: the hardest pairs rather than all of them, weighted.",
            "TRI.SCALE": "TripletLoss: its weight.",
            "CIRCLE.MARGIN": "CircleLoss: its margin.",
            "CIRCLE.GAMMA": "CircleLoss: the factor on similarities.",
            "CIRCLE.SCALE": "CircleLoss: its weight.",
            "COSFACE.MARGIN": "Cosface: its margin.",
            "COSFACE.GAMMA": "Cosface: the factor on similarities.",
            "COSFACE.SCALE": "Cosface: its weight.",
        },
    ),
    **_section(
        "KD",
        "training",
        {
            "MODEL_CONFIG": "Of fast-reid's distillation.",
            "MODEL_WEIGHTS": "Of fast-reid's distillation.",
            "EMA.ENABLED": "Of fast-reid's distillation.",
            "EMA.MOMENTUM": "Of fast-reid's distillation.",
        },
    ),
    **_section(
        "INPUT",
        "building",
        {
            "SIZE_TEST": _key("Height and width of images at test time.", kind=SIZE, if_unread="expected"),
        },
    ),
    **_section(
        "INPUT",
        "training",
        {
            "SIZE_TRAIN": _key("Height and width of images in training.", kind=SIZE),
            "CROP.ENABLED": "Random crops of random size.",
            "CROP.SIZE": _key("Height and width to which they are resized.", kind=SIZE),
            "CROP.SCALE": "The smallest and the largest share of the image.",
            "CROP.RATIO": _key("The smallest and the largest ratio of width to height.", kind=RATIOS),
            "PADDING.ENABLED": "Padding, then a random crop of the image's size.",
            "PADDING.MODE": "What the padding is.",
            "PADDING.SIZE": "Pixels on each side.",
            "AFFINE.ENABLED": "Random rotations, shifts, scales and shears.",
            **{f"FLIP.{name}": key for name, key in _chance("Mirrored images").items()},
            **{f"CJ.{name}": key for name, key in _chance("Random colours").items()},
            "CJ.BRIGHTNESS": "How far brightness changes.",
            "CJ.CONTRAST": "How far contrast changes.",
            "CJ.SATURATION": "How far saturation changes.",
            "CJ.HUE": "How far the hue changes.",
            **{f"AUTOAUG.{name}": key for name, key in _chance("AutoAugment").items()},
            **{f"AUGMIX.{name}": key for name, key in _chance("AugMix").items()},
            **{f"REA.{name}": key for name, key in _chance("Random erasing").items()},
            "REA.VALUE": _key("The colour that it leaves.", kind=CHANNELS),
            **{f"RPT.{name}": key for name, key in _chance("Random patches").items()},
        },
    ),
    **_section(
        "DATASETS",
        "training",
        {
            "NAMES": "The sets to train on, of fast-reid's registry.",
            "COMBINEALL": "Train on the test images, too, of sets that allow it.",
        },
    ),
    **_section("DATASETS", "testing", {"TESTS": "The sets to test on."}),
    **_section(
        "DATALOADER",
        "training",
        {
            "SAMPLER_TRAIN": "How batches are drawn, of fast-reid's registry.",
            "NUM_INSTANCE": _key("Images of an identity in a batch, of each modality.", least=1),
            "SET_WEIGHT": "Shares of several sets in a batch.",
        },
    ),
    **_section("DATALOADER", "running", {"NUM_WORKERS": "Processes that read images."}),
    **_section(
        "SOLVER",
        "training",
        {
            "AMP.ENABLED": "Mixed precision.",
            "OPT": _key("A class of torch.optim.", choices=OPTIMIZERS, on_resume="refused"),
            "MAX_EPOCH": "Epochs.",
            "IMS_PER_BATCH": _key("Images, or aligned samples, in a batch of all processes.", least=1),
            "BASE_LR": _key("The learning rate.", on_resume="kept"),
            "HEADS_LR_FACTOR": _key("Factor on it for the head.", on_resume="kept"),
            "BIAS_LR_FACTOR": _key("Factor on it for biases.", on_resume="kept"),
            "MOMENTUM": _key("Of optimizers that have it.", if_unread="warned", on_resume="kept"),
            "NESTEROV": _key("Of optimizers that have it.", if_unread="warned", on_resume="kept"),
            "WEIGHT_DECAY": _key("Weight decay.", on_resume="kept"),
            "WEIGHT_DECAY_NORM": _key("That of normalization layers.", on_resume="kept"),
            "WEIGHT_DECAY_BIAS": _key("That of biases.", on_resume="kept"),
            "SCHED": _key("How the learning rate falls.", choices=(STEPWISE[1], COSINE[1]), on_resume="refused"),
            "DELAY_EPOCHS": _key("Epochs before a cosine begins.", on_resume="refused"),
            "STEPS": _key(
                "Epochs at which it falls, counted from the end of the warm-up.",
                kind=WHOLE_NUMBERS,
                off_while=COSINE,
                on_resume="free",
            ),
            "GAMMA": _key("The factor by which it falls.", off_while=COSINE, on_resume="free"),
            "ETA_MIN_LR": _key("The end of a cosine.", off_while=STEPWISE, on_resume="kept"),
            "WARMUP_ITERS": _key("Iterations in which it rises.", on_resume="refused"),
            "WARMUP_FACTOR": _key("The factor from which it rises.", if_unread="warned", on_resume="refused"),
            "WARMUP_METHOD": _key(
                "How it rises.", choices=("linear", "constant", "exp"), if_unread="warned", on_resume="refused"
            ),
            "FREEZE_ITERS": "How long MODEL.FREEZE_LAYERS do not train.",
            "CHECKPOINT_PERIOD": _key(
                "Epochs between checkpoints; -1 for none but the last.", least=-math.inf, on_resume="free"
            ),
            "CLIP_GRADIENTS.ENABLED": "Bound the gradient.",
            "CLIP_GRADIENTS.CLIP_TYPE": 'Its "norm" or each "value".',
            "CLIP_GRADIENTS.CLIP_VALUE": _key("The bound.", if_unread="expected"),
            "CLIP_GRADIENTS.NORM_TYPE": _key("The order of the norm.", if_unread="expected"),
        },
    ),
    **_section(
        "TEST",
        "testing",
        {
            "EVAL_PERIOD": _key("Epochs between tests; 0 for one at the end.", least=-math.inf),
            "IMS_PER_BATCH": _key("Images, or aligned samples, in a batch.", least=1, if_unread="expected"),
            "METRIC": _key("How features are compared.", choices=METRICS),
            "ROC.ENABLED": "Report true at false positive rates, too.",
            "FLIP.ENABLED": _key("Add the features of mirrored images.", if_unread="expected"),
            "AQE.ENABLED": "Average query expansion.",
            "AQE.ALPHA": "The exponent of its weights.",
            "AQE.QE_TIME": _key("How often it is done.", least=1),
            "AQE.QE_K": _key("How many neighbours it takes, the query itself among them.", least=2),
            "RERANK.ENABLED": "k-reciprocal re-ranking.",
            "RERANK.K1": _key("Its neighbours.", least=1),
            "RERANK.K2": _key("Its neighbours for local query expansion.", least=1),
            "RERANK.LAMBDA": _key("The share of the first distance.", least=0, most=1),
            "PRECISE_BN.ENABLED": "Renew the statistics of BatchNorm after the last epoch, and before a test alone.",
            "PRECISE_BN.NUM_ITER": _key("Of how many batches.", least=1, if_unread="expected"),
        },
    ),
}


def add_config(cfg: CfgNode) -> None:
    """Declare fast-reid's keys, with the defaults that a config of its own has."""
    defaults = dict(leaves(cfg))
    DECLARED.update({name: key._replace(default=defaults[name]) for name, key in KEYS.items()})
