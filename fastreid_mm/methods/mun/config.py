"""MUN's keys. The pooling's exponent is ``MODEL.HEADS.POOL_EXPONENT``.

Readings that are not offered: eq. 12 without a hinge (the paper prints none, but calls it a triplet), training without
a BNNeck, and W_p over the places of a batch (B x B, being left of Z) rather than over channels.
"""

from yacs.config import CfgNode

from fastreid_mm.common.keys import Key, add_keys
from fastreid_mm.layers import MixedModality, SyncreticModality, XModality
from fastreid_mm.modeling.terms import SCALE

IMAGE_AUXILIARIES = {"x": XModality, "mixed": MixedModality, "syncretic": SyncreticModality}
"""The sources that table 2 compares with: they make images, where the generator makes maps."""

NETWORK = {
    "AUXILIARY": Key(
        "generator",
        "Where the auxiliary modality comes from (table 2), if a loss term asks for it.",
        choices=("generator", *IMAGE_AUXILIARIES),
        when="training",
    ),
    "AUXILIARY_STATISTICS": Key(
        "own",
        'What BatchNorm makes of auxiliary maps: "own", a batch by themselves that is not remembered, or "shared", one '
        "with the others (a reading). Shared statistics cost much from scratch; own ones make C_scale inert.",
        choices=("own", "shared"),
        when="training",
    ),
    "RATIOS": Key((2, 4, 6, 12), "The generator's pooling ratios.", when="training"),
    "TR_GROUPS": Key(1, "Groups of its transposed convolutions (a reading).", least=1, when="training"),
}
CONSISTENCY = {"SCALE": SCALE._replace(default=0.25)}
ALIGNMENT = {
    "SCALE": SCALE._replace(default=0.5),
    "MARGIN": Key(0.55, "The margin alpha of eq. 12.", when="training"),
    "NORMALIZE": Key(
        True,
        "Compare pooled features at length one, with distances of 2 at the most, among which the margin counts, or as "
        "they are (a reading: eq. 12 does not say the length).",
        when="training",
    ),
}
MODALITY = {
    "SCALE": SCALE._replace(default=0.008),
    "PROTOTYPE": Key(True, "Compare prototypes rather than features (table 3).", when="training"),
    "BRIDGE": Key(True, "Compare over the auxiliary modality rather than directly (table 3).", when="training"),
    "PROTOTYPE_MEMORY": Key(
        "slot",
        'What a row of the memory belongs to: a place in the batch ("slot", what the paper writes) or an image of an '
        'identity ("identity").',
        choices=("slot", "identity"),
        when="training",
    ),
    "PROTOTYPE_LR_FACTOR": Key(
        0.01,
        "Factor on the learning rate of the prototypes' maps W_p (eq. 13); 0 keeps them at the identity (a reading). "
        "With 1 they run away: while beta is small the loss hardly sees them, yet AdamW moves them at full rate.",
        least=0,
        when="training",
    ),
}


def add_config(cfg: CfgNode) -> None:
    """Add ``MODEL.MUN`` and the keys of its loss terms."""
    add_keys(cfg, "MODEL.MUN", NETWORK)
    add_keys(cfg, "MODEL.LOSSES.AUXILIARY_IDENTITY", {"SCALE": SCALE})
    add_keys(cfg, "MODEL.LOSSES.IDENTITY_CONSISTENCY", CONSISTENCY)
    add_keys(cfg, "MODEL.LOSSES.IDENTITY_ALIGNMENT", ALIGNMENT)
    add_keys(cfg, "MODEL.LOSSES.MODALITY_ALIGNMENT", MODALITY)
