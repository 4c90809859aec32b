"""CMTR's keys."""

from yacs.config import CfgNode

from fastreid_mm.common.keys import Key, add_keys
from fastreid_mm.layers.choices import REDUCTIONS
from fastreid_mm.layers.modality_removal import MAPPINGS
from fastreid_mm.losses.modality_aware_center import DISTANCES
from fastreid_mm.modeling.terms import SCALE

LAMBDA = SCALE._replace(default=4.0, sentence="The paper's lambda (figure 7).")
REDUCTION = Key(
    "mean",
    'The paper prints a sum over the batch; "mean" keeps lambda = 4 of the size of the other losses.',
    choices=REDUCTIONS,
    when="training",
)
NETWORK = {
    "MODALITY_EMBEDDING": Key(True, 'Add learnable modality embeddings to the tokens (table 3, "ME").'),
    "EMBED_CLASS_TOKEN": Key(
        True, "Add them to the class token, and to registers where a ViT has them, too (a reading of eq. 2)."
    ),
    "MAPPING": Key(
        "fc",
        'phi (table 7): a fully connected layer for each modality, without a bias ("fc") or with one ("fc_bias"), '
        "which is learnt past the embedding, or the identity.",
        choices=MAPPINGS,
    ),
    "TEST_FEATURE": Key(
        "f",
        'What is compared: "f", the feature after the BNNeck (the paper), or "g", the same without its modality, which '
        "the modality-aware losses train.",
        choices=("f", "g"),
    ),
}
CENTER = {
    "SCALE": LAMBDA,
    "DISTANCE": Key("cosine", "D (table 7).", choices=tuple(DISTANCES), when="training"),
    "REDUCTION": REDUCTION,
}
IDENTITY = {"SCALE": LAMBDA, "REDUCTION": REDUCTION}


def add_config(cfg: CfgNode) -> None:
    """Add ``MODEL.CMTR`` and the keys of its two loss terms."""
    add_keys(cfg, "MODEL.CMTR", NETWORK)
    add_keys(cfg, "MODEL.LOSSES.MODALITY_AWARE_CENTER", CENTER)
    add_keys(cfg, "MODEL.LOSSES.MODALITY_AWARE_IDENTITY", IDENTITY)
