"""Declarations of fast-reid's own keys: the effect of each, its allowed values and when it takes effect."""

import math

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


def _key(sentence: str, **facts) -> Key:
    return Key(None, sentence, **facts)


def _chance(name: str, change: str) -> dict[str, Key | str]:
    probability = _key(f"{change}: the probability for an image.", kind=PROBABILITY)
    return {f"{name}.ENABLED": f"{change}.", f"{name}.PROB": probability}


DECLARATIONS: dict[str, dict[str, dict[str, Key | str]]] = {
    "building": {
        "MODEL": {
            "META_ARCHITECTURE": "Registered name of the architecture, which computes maps of the images for the head.",
            "QUEUE_SIZE": "fast-reid's MoCo: the size of its queue.",
            "PIXEL_MEAN": _key("Mean of each channel, which is subtracted.", kind=CHANNELS),
            "PIXEL_STD": _key("Standard deviation of each channel, by which it is divided.", kind=DEVIATIONS),
        },
        "MODEL.BACKBONE": {
            "NAME": "Name of the network in fast-reid's registry.",
            "DEPTH": "fast-reid's own networks: the depth.",
            "LAST_STRIDE": _key("Stride of the last stage: 1 keeps its maps large.", choices=(1, 2)),
            "FEAT_DIM": "Number of channels of the maps. Ignored: it is taken from the network.",
            "NORM": "fast-reid's own networks: the normalization.",
            "WITH_IBN": "fast-reid's own networks: instance-batch normalization.",
            "WITH_SE": "fast-reid's own networks: squeeze and excitation.",
            "WITH_NL": "fast-reid's own networks: non-local blocks.",
            "SIE_COE": "fast-reid's ViT: the weight of the embedding of cameras.",
            "STRIDE_SIZE": _key("ViT: the steps between patches, down and across.", kind=SIZE),
            "DROP_PATH_RATIO": "ViT: the share of blocks that are skipped in training.",
            "DROP_RATIO": "ViT: the dropout.",
            "ATT_DROP_RATE": "ViT: the dropout of the attention.",
        },
        "MODEL.HEADS": {
            "NAME": "Name in fast-reid's registry of the head, which computes the feature, and in training outputs.",
            "NORM": "Normalization of the neck: BN, syncBN ...",
            "NUM_CLASSES": "Number of training identities. 0 takes that of the data set, or of the checkpoint.",
            "EMBEDDING_DIM": "Channels of a 1 x 1 convolution before the neck; 0 for no convolution.",
            "WITH_BNNECK": "Use a BatchNorm as neck before the classifier.",
            "NECK_FEAT": 'Feature that the losses compare, "before" or "after" the neck.',
            "POOL_LAYER": "Pooling of maps to a vector.",
            "CLS_LAYER": "Classifier: Linear, ArcSoftmax, CosSoftmax or CircleSoftmax.",
            "MARGIN": "Margin of the classifier, unless it is Linear.",
            "SCALE": "Scale of the classifier, unless it is Linear.",
        },
        "INPUT": {"SIZE_TEST": _key("Height and width of images at test time.", kind=SIZE, if_unread="expected")},
    },
    "training": {
        "MODEL": {
            "FREEZE_LAYERS": _key(
                "Regular expressions of parameters that do not train in the first SOLVER.FREEZE_ITERS iterations.",
                kind=PATTERNS,
            ),
        },
        "MODEL.BACKBONE": {
            "PRETRAIN": _key("Begin with pretrained weights.", on_resume="free"),
            "PRETRAIN_PATH": _key("Local file of pretrained weights.", if_unread="warned", on_resume="free"),
        },
        "MODEL.LOSSES": {
            "NAME": "Names of the loss terms, in order.",
            "CE.ALPHA": "CrossEntropyLoss: the strength of adaptive smoothing.",
            "CE.SCALE": "CrossEntropyLoss: the weight.",
            "FL.ALPHA": "Focal loss, which fast-reid cannot select.",
            "FL.GAMMA": "Focal loss, which fast-reid cannot select.",
            "FL.SCALE": "Focal loss, which fast-reid cannot select.",
            "TRI.MARGIN": "TripletLoss: the margin; 0 for a soft one.",
            "TRI.NORM_FEAT": "TripletLoss: normalize features to length 1.",
            "TRI.HARD_MINING": "TripletLoss: use only the hardest pairs, instead of all pairs with weights.",
            "TRI.SCALE": "TripletLoss: the weight.",
            "CIRCLE.MARGIN": "CircleLoss: the margin.",
            "CIRCLE.GAMMA": "CircleLoss: the factor on similarities.",
            "CIRCLE.SCALE": "CircleLoss: the weight.",
            "COSFACE.MARGIN": "Cosface: the margin.",
            "COSFACE.GAMMA": "Cosface: the factor on similarities.",
            "COSFACE.SCALE": "Cosface: the weight.",
        },
        "KD": {
            "MODEL_CONFIG": "fast-reid's distillation: the configs of the teachers.",
            "MODEL_WEIGHTS": "fast-reid's distillation: the checkpoints of the teachers.",
            "EMA.ENABLED": "fast-reid's distillation: average the weights.",
            "EMA.MOMENTUM": "fast-reid's distillation: the momentum of the average.",
        },
        "INPUT": {
            "SIZE_TRAIN": _key("Height and width of images in training.", kind=SIZE),
            "CROP.ENABLED": "Random crops of random size.",
            "CROP.SIZE": _key("Height and width to which crops are resized.", kind=SIZE),
            "CROP.SCALE": "The smallest and the largest share of the image in a crop.",
            "CROP.RATIO": _key("The smallest and the largest ratio of a crop's width to its height.", kind=RATIOS),
            "PADDING.ENABLED": "Padding, then a random crop of the image's size.",
            "PADDING.MODE": "Mode of the padding: constant, edge, reflect or symmetric.",
            "PADDING.SIZE": _key("Pixels of padding on each side.", least=0),
            "AFFINE.ENABLED": "Random rotations, shifts, scales and shears.",
            **_chance("FLIP", "Mirrored images"),
            **_chance("CJ", "Random colours"),
            "CJ.BRIGHTNESS": "Random colours: the largest change of brightness.",
            "CJ.CONTRAST": "Random colours: the largest change of contrast.",
            "CJ.SATURATION": "Random colours: the largest change of saturation.",
            "CJ.HUE": "Random colours: the largest change of the hue.",
            **_chance("AUTOAUG", "AutoAugment"),
            **_chance("AUGMIX", "AugMix"),
            **_chance("REA", "Random erasing"),
            "REA.VALUE": _key("Colour of erased rectangles.", kind=CHANNELS),
            **_chance("RPT", "Random patches"),
        },
        "DATASETS": {
            "NAMES": "Names of the sets to train on, in fast-reid's registry.",
            "COMBINEALL": "Train on the test images, too, if the set allows it.",
        },
        "DATALOADER": {
            "SAMPLER_TRAIN": "Name of the sampler that draws batches, ours or one of fast-reid's.",
            "NUM_INSTANCE": _key("Number of images of an identity in a batch, in each modality.", least=1),
            "SET_WEIGHT": "Shares of several sets in a batch.",
        },
        "SOLVER": {
            "AMP.ENABLED": "Train in mixed precision.",
            "OPT": _key("Optimizer, a class of torch.optim.", choices=OPTIMIZERS, on_resume="refused"),
            "MAX_EPOCH": "Number of epochs.",
            "IMS_PER_BATCH": _key("Number of images, or aligned samples, in a batch of all processes.", least=1),
            "BASE_LR": _key("Learning rate.", on_resume="kept"),
            "HEADS_LR_FACTOR": _key("Factor on the learning rate of the head.", on_resume="kept"),
            "BIAS_LR_FACTOR": _key("Factor on the learning rate of biases.", on_resume="kept"),
            "MOMENTUM": _key("Momentum, of optimizers that have it.", if_unread="warned", on_resume="kept"),
            "NESTEROV": _key("Nesterov momentum, of optimizers that have it.", if_unread="warned", on_resume="kept"),
            "WEIGHT_DECAY": _key("Weight decay.", on_resume="kept"),
            "WEIGHT_DECAY_NORM": _key("Weight decay of normalization layers.", on_resume="kept"),
            "WEIGHT_DECAY_BIAS": _key("Weight decay of biases.", on_resume="kept"),
            "SCHED": _key("Schedule of the learning rate.", choices=(STEPWISE[1], COSINE[1]), on_resume="refused"),
            "DELAY_EPOCHS": _key("Epochs before a cosine begins.", on_resume="refused"),
            "STEPS": _key(
                "Epochs at which the learning rate falls, counted from the end of the warm-up.",
                kind=WHOLE_NUMBERS,
                off_while=COSINE,
                on_resume="free",
            ),
            "GAMMA": _key("Factor on the learning rate at each of the steps.", off_while=COSINE, on_resume="free"),
            "ETA_MIN_LR": _key("Learning rate at the end of a cosine.", off_while=STEPWISE, on_resume="kept"),
            "WARMUP_ITERS": _key("Iterations of the warm-up.", on_resume="refused"),
            "WARMUP_FACTOR": _key(
                "Factor on the learning rate at the start of the warm-up.", if_unread="warned", on_resume="refused"
            ),
            "WARMUP_METHOD": _key(
                "Method of the warm-up.", choices=("linear", "constant", "exp"), if_unread="warned", on_resume="refused"
            ),
            "FREEZE_ITERS": "Number of iterations in which MODEL.FREEZE_LAYERS are not trained.",
            "CHECKPOINT_PERIOD": _key(
                "Epochs between checkpoints; -1 for only the last.", least=-math.inf, on_resume="free"
            ),
            "CLIP_GRADIENTS.ENABLED": "Clip gradients.",
            "CLIP_GRADIENTS.CLIP_TYPE": 'Clip the "norm" of the gradient or each "value".',
            "CLIP_GRADIENTS.CLIP_VALUE": _key("Largest norm or value of clipped gradients.", if_unread="expected"),
            "CLIP_GRADIENTS.NORM_TYPE": _key("Order of the norm.", if_unread="expected"),
        },
    },
    "testing": {
        "DATASETS": {"TESTS": "Names of the sets to test on."},
        "TEST": {
            "EVAL_PERIOD": _key("Epochs between tests; 0 for only one at the end.", least=-math.inf),
            "IMS_PER_BATCH": _key("Number of images, or aligned samples, in a batch.", least=1, if_unread="expected"),
            "METRIC": _key("Distance of features.", choices=METRICS),
            "ROC.ENABLED": "Also report true positive rates at fixed false positive rates.",
            "FLIP.ENABLED": _key("Add the features of mirrored images.", if_unread="expected"),
            "AQE.ENABLED": "Average query expansion.",
            "AQE.ALPHA": "Query expansion: the exponent of the weights.",
            "AQE.QE_TIME": _key("Query expansion: the number of repetitions.", least=1),
            "AQE.QE_K": _key("Query expansion: the number of neighbours, including the query itself.", least=2),
            "RERANK.ENABLED": "k-reciprocal re-ranking.",
            "RERANK.K1": _key("Re-ranking: the number of neighbours.", least=1),
            "RERANK.K2": _key("Re-ranking: the number of neighbours for local query expansion.", least=1),
            "RERANK.LAMBDA": _key("Re-ranking: the share of the original distance.", least=0, most=1),
            "PRECISE_BN.ENABLED": "Renew BatchNorm statistics after training, or before a test without training.",
            "PRECISE_BN.NUM_ITER": _key("Number of batches for these statistics.", least=1, if_unread="expected"),
        },
    },
    "running": {
        "MODEL": {
            "DEVICE": "Device, such as cuda, cuda:1 or cpu; without a GPU always the CPU.",
            "WEIGHTS": _key("Checkpoint to begin with, or to test.", if_unread="expected"),
        },
        "DATALOADER": {"NUM_WORKERS": "Number of processes that read images."},
        "": {
            "OUTPUT_DIR": "Folder of logs, checkpoints and results.",
            "CUDNN_BENCHMARK": _key(
                "Let cuDNN try its algorithms and keep the fastest, unless DETERMINISTIC.", if_unread="expected"
            ),
        },
    },
}
"""Keys by the time at which they take effect and by section; a sentence alone allows any value."""
KEYS = {
    f"{section}.{name}".strip("."): (_key(key) if isinstance(key, str) else key)._replace(when=when)
    for when, sections in DECLARATIONS.items()
    for section, keys in sections.items()
    for name, key in keys.items()
}


def add_config(cfg: CfgNode) -> None:
    """Declare fast-reid's keys, with the defaults of a config of fast-reid."""
    defaults = dict(leaves(cfg))
    DECLARED.update({name: key._replace(default=defaults[name]) for name, key in KEYS.items()})
