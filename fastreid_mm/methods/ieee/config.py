"""IEEE's keys. Table 2's modalities: ``DATASETS.ALIGNED.MODALITIES``."""

from yacs.config import CfgNode

from fastreid_mm.common.keys import Key, add_keys
from fastreid_mm.layers.choices import READINGS, REDUCTIONS
from fastreid_mm.losses.multi_modal_margin import DISTANCES
from fastreid_mm.modeling.terms import SCALE

FUSIONS = ("none", "image_sum", "feature_sum", "feature_concatenation")

NETWORK = {
    "FUSION": Key(
        "none",
        'Figure 6: "none" is the method, whose modalities stay apart; the others join them first, and have neither '
        "interaction nor features of single modalities.",
        choices=FUSIONS,
    ),
    "CIM": Key(True, "The cross-modal interacting module (table 3)."),
    "REM": Key(
        "official",
        "The relation-based embedding module (table 3), as the released code computes it, as the paper writes it, or "
        '"none".',
        choices=(*READINGS, "none"),
    ),
    "GLOBAL_FROM": Key(
        "backbone",
        'What the feature of the whole image is pooled from: "backbone" (released code) or "interaction" (paper).',
        choices=("backbone", "interaction"),
    ),
    "PARTS": Key(6, "Parts of a map.", least=1),
    "REDUCED_DIM": Key(768, "Channels of a part before the embedding.", least=1),
    "PART_DIM": Key(128, "Channels of a part after it.", least=1),
}
MARGIN = {
    "SCALE": SCALE,
    "MARGIN": Key(1.0, "The margin of eq. 6.", when="training"),
    "DISTANCE": Key("l2sq", 'The paper has "l2", the released code "l2sq".', choices=tuple(DISTANCES), when="training"),
    "REDUCTION": Key("sum", "The paper names none, the released code sums.", choices=REDUCTIONS, when="training"),
    "NORMALIZE": Key(
        True,
        "Bring features to length one, as the released code does; the paper does not say. As they are, the centres of "
        "modalities start far more than the margin apart, and the loss draws together what it is to keep apart.",
        when="training",
    ),
}


def add_config(cfg: CfgNode) -> None:
    """Add ``MODEL.IEEE`` and ``MODEL.LOSSES.MULTI_MODAL_MARGIN``."""
    add_keys(cfg, "MODEL.IEEE", NETWORK)
    add_keys(cfg, "MODEL.LOSSES.MULTI_MODAL_MARGIN", MARGIN)
