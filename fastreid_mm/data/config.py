"""Keys of data sets and of how their images are read and changed."""

from yacs.config import CfgNode

from fastreid_mm.common.keys import Key, add_keys, finite_numbers
from fastreid_mm.common.kinds import Kind
from fastreid_mm.common.pixels import MAX_PIXELS


def _is_range(value: object) -> bool:
    numbers = finite_numbers(value)
    return not value or (len(numbers) == 2 and numbers[0] < numbers[1])


RANGE = Kind("the value that becomes black and the higher one that becomes white, nor ()", _is_range)
SMALLEST_ERASED = 0.02
"""The share of an image that random erasing takes at least, of Zhong et al. and of the host."""
KEYS = {
    "DATALOADER.REPLACEMENT": Key(
        True,
        "CrossModalityIdentitySampler: an image may come twice among the DATALOADER.NUM_INSTANCE of an identity. In "
        "AGW's and HCT's code it may: 8 draws from RegDB's 10 images are 5.7 different ones. In PMT's code it may not.",
        when="training",
    ),
    "INPUT.CHANNEL_AUGMENTATION.ENABLED": Key(False, "CAJ's channel augmentation, after erasing.", when="training"),
    "INPUT.CHANNEL_AUGMENTATION.PROB": Key(
        0.5, "Its probability for a visible image.", least=0, most=1, when="training"
    ),
    "INPUT.THERMAL_INVERSION.ENABLED": Key(
        False,
        "Negatives of infrared images, before channel augmentation. No paper of the methods here has it.",
        when="training",
    ),
    "INPUT.THERMAL_INVERSION.PROB": Key(0.3, "The share of negatives.", least=0, most=1, when="training"),
    "INPUT.RESIZE": Key(
        "bicubic",
        "How images are resized: as the host does, or as the released codes of aligned modalities do.",
        choices=("bicubic", "bilinear"),
    ),
    "INPUT.REA.MAX_AREA": Key(
        0.33,
        "The largest share of an image that random erasing takes: the host's, 0.4 in HAMNet's code.",
        least=SMALLEST_ERASED,
        most=1,
        when="training",
    ),
    "INPUT.RANGE_16BIT": Key(
        (0, 65535),
        "Grey images of more than 8 bits, as thermal cameras give them: which values become black and white. (0, "
        "65535) "
        "keeps the upper 8 of 16 bits, of which 941 values of a radiometric image leave 4 levels; () takes each "
        "image's "
        "own values but for one in a thousand at either end. Numbers with a point for files of floating point.",
        kind=RANGE,
    ),
    "INPUT.MAX_PIXELS": Key(
        MAX_PIXELS,
        "Files of more pixels are refused before they are decoded: 5792 x 5792, some 100 MB in each process that "
        "reads.",
        least=1,
    ),
    "INPUT.SHARED_DRAWS": Key(
        True,
        "All modalities of a sample are flipped, cropped and erased alike; the codes of IEEE and HAMNet draw for each "
        "of its own.",
        when="training",
    ),
    "DATASETS.ALIGNED.MODALITIES": Key(
        (), "Sets of aligned samples: which modalities a sample has, in this order (IEEE's table 2); () for all."
    ),
    "DATASETS.ALIGNED.COMPLETE": Key(
        False,
        "Refuse a set with samples that lack the file of a modality, or whose images have different sizes. Or else "
        "such "
        "a sample is resized and, where it lacks one, not trained on and tested without it, with a warning.",
    ),
    "DATASETS.REGDB.TRIAL": Key(1, "RegDB: which of the ten train/test splits.", least=1, most=10),
    "DATASETS.SYSU.SPLIT": Key(
        "test",
        'SYSU-MM01: "test" trains on train_id.txt and val_id.txt together, as the papers do; "val" trains on '
        "train_id.txt "
        "alone and tests on val_id.txt: settings are to be chosen there.",
        choices=("test", "val"),
    ),
}


def add_config(cfg: CfgNode) -> None:
    """Add the keys under ``INPUT``, ``DATASETS`` and ``DATALOADER``."""
    add_keys(cfg, "", KEYS)
