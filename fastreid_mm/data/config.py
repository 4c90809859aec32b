"""Config keys of data sets, and of reading and augmenting their images."""

from yacs.config import CfgNode

from fastreid_mm.common.grey_range import OWN_RANGE
from fastreid_mm.common.keys import Key, add_keys, finite_numbers
from fastreid_mm.common.kinds import Kind
from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.evaluation.hidden_images import RULES


def _is_range(value: object) -> bool:
    numbers = finite_numbers(value)
    return not value or (len(numbers) == 2 and numbers[0] < numbers[1])


def _is_percentiles(value: object) -> bool:
    numbers = finite_numbers(value)
    return len(numbers) == 2 and 0 <= numbers[0] < numbers[1] <= 100


RANGE = Kind("the value that becomes black and the higher one that becomes white, nor ()", _is_range)
PERCENTILES = Kind("a percentile and a higher one, between 0 and 100", _is_percentiles)
SMALLEST_ERASED = 0.02
"""Smallest share of an image that random erasing erases, as in Zhong et al. and in the host."""
KEYS = {
    "DATALOADER.REPLACEMENT": Key(
        True,
        "CrossModalityIdentitySampler: draw the DATALOADER.NUM_INSTANCE images of an identity with replacement. True "
        "in AGW's and HCT's code, where 8 draws from RegDB's 10 images give 5.7 different ones; False in PMT's code.",
        when="training",
    ),
    "INPUT.CHANNEL_AUGMENTATION.ENABLED": Key(False, "CAJ's channel augmentation, after erasing.", when="training"),
    "INPUT.CHANNEL_AUGMENTATION.PROB": Key(
        0.5, "Probability of channel augmentation of a visible image.", least=0, most=1, when="training"
    ),
    "INPUT.THERMAL_INVERSION.ENABLED": Key(
        False,
        "Turn infrared images into negatives, before channel augmentation. It is in none of the methods' papers.",
        when="training",
    ),
    "INPUT.THERMAL_INVERSION.PROB": Key(
        0.3, "Probability of inverting an infrared image.", least=0, most=1, when="training"
    ),
    "INPUT.RESIZE": Key(
        "bicubic",
        "Interpolation for resizing images: the host's, or that of the released codes of aligned modalities.",
        choices=("bicubic", "bilinear"),
    ),
    "INPUT.REA.MAX_AREA": Key(
        0.33,
        "Largest share of an image that random erasing erases: the host's, 0.4 in HAMNet's code.",
        least=SMALLEST_ERASED,
        most=1,
        when="training",
    ),
    "INPUT.RANGE_16BIT": Key(
        (0, 65535),
        "Values that become black and white in grey images of more than 8 bits, as of thermal cameras. (0, 65535) "
        "keeps the upper 8 of 16 bits, which leave 4 levels of a radiometric image with 941 values; () takes the range "
        "from percentiles. Floating-point files need numbers with a decimal point.",
        kind=RANGE,
    ),
    "INPUT.RANGE_16BIT_OF": Key(
        "image",
        "With INPUT.RANGE_16BIT (), the range of each image's own values, or that of the training set, which is "
        "measured when a run begins and is in its config.yaml as INPUT.RANGE_16BIT from then on.",
        choices=("image", "set"),
        if_unread="warned",
    ),
    "INPUT.PERCENTILES_16BIT": Key(
        OWN_RANGE,
        "With INPUT.RANGE_16BIT (), percentiles of the values that become black and white: the default leaves out a "
        "thousandth of the pixels at either end.",
        kind=PERCENTILES,
        if_unread="warned",
    ),
    "INPUT.MAX_PIXELS": Key(
        MAX_PIXELS,
        "Largest number of pixels; files with more are refused before they are decoded. The default is 5792 x 5792, "
        "some 100 MB in each process that reads images.",
        least=1,
    ),
    "INPUT.SHARED_DRAWS": Key(
        True,
        "Flip, crop and erase all modalities of a sample alike. False, as in the codes of IEEE and HAMNet, treats each "
        "modality independently.",
        when="training",
    ),
    "DATASETS.ALIGNED.MODALITIES": Key(
        (), "Sets of aligned samples: the modalities of a sample, in this order (IEEE's table 2); () for all."
    ),
    "DATASETS.ALIGNED.COMPLETE": Key(
        False,
        "Refuse a set with samples that lack the file of a modality, or whose images have different sizes. If False, "
        "images are resized, and samples that lack a modality are tested without it, but not trained on, and a warning "
        "is logged.",
    ),
    "DATASETS.REGDB.TRIAL": Key(1, "RegDB: the number of the train/test split, of ten.", least=1, most=10),
    "DATASETS.TABLE.FILE": Key(
        "",
        "Table, AlignedTable: the CSV with a row for each image, see [data](data.md#ones-own-images).",
    ),
    "DATASETS.TABLE.ROOT": Key(
        "",
        'Table, AlignedTable: the folder that paths in the CSV are relative to; "" for that of the CSV.',
        when="running",
    ),
    "DATASETS.TABLE.RULE": Key(
        "market",
        'Table, AlignedTable: "market" hides images of a query\'s identity and camera from it, "sysu" those of camera '
        '2 from queries of camera 3, "none" nothing, and does without cameras.',
        choices=tuple(RULES),
        when="testing",
        if_unread="expected",
    ),
    "DATASETS.SYSU.SPLIT": Key(
        "test",
        'SYSU-MM01: "test" trains on train_id.txt and val_id.txt together, as the papers do; "val" trains on '
        "train_id.txt alone and tests on val_id.txt, for choosing settings.",
        choices=("test", "val"),
    ),
}


def add_config(cfg: CfgNode) -> None:
    """Add the keys under ``INPUT``, ``DATASETS`` and ``DATALOADER``."""
    add_keys(cfg, "", KEYS)
