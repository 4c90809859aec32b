"""CMT's keys. Parts and their pooling: ``MODEL.HEADS``. Distance of retrieval: fast-reid's ``TEST.METRIC``."""

from yacs.config import CfgNode

from fastreid_mm.common.keys import DROPOUT, Key, add_keys
from fastreid_mm.layers.modality_compensation import DECODERS
from fastreid_mm.layers.modulation import SCALES
from fastreid_mm.losses.modulation_discriminative import DISTANCES, MININGS
from fastreid_mm.modeling.terms import SCALE

NETWORK = {
    "RESIDUAL_FROM": Key(
        "raw",
        'Eq. 5 adds the compensated features to "raw" part features; "encoded" takes the encoder\'s output.',
        choices=("raw", "encoded"),
    ),
    "DECODER": Key(
        "attention",
        'What makes the compensated features: "attention", the weighted sum of eq. 4, or "block", a whole layer of a '
        "transformer's decoder, whose output is nearly a constant of the modality and longer than the real features.",
        choices=DECODERS,
    ),
    "DETACH_COMPENSATION": Key(
        True,
        "Train what makes the compensated features by eq. 7 and 8 alone (a reading: the paper calls them their "
        "supervision, and does not say whether the losses of complete features train it, too). Else those losses, "
        "which weigh more, learn the training identities by it.",
        when="training",
    ),
    "COMPENSATION_INIT": Key(
        1.0,
        'Start of the weight of a "block"\'s last LayerNorm; 1 is that of the transformer the paper refers to.',
        least=0,
        when="training",
    ),
    "HEADS": Key(8, "Heads of the transformer, whose sizes the paper does not give.", least=1),
    "FFN_RATIO": Key(4, "Width of its hidden layer, in channels of a part (a reading).", least=1),
    "DROPOUT": Key(0.1, "Its dropout (a reading).", kind=DROPOUT),
    "GENERATOR_REDUCTION": Key(
        1, "Narrowing in the hidden layer of the modulation's generators: 1 for none, 16 as in SENet.", least=1
    ),
    "GENERATOR_SCALE": Key(
        "one_plus",
        'The scale of eq. 12: "one_plus", 1 + g(x), which starts near no modulation (a reading), or "plain", g(x) as '
        "printed.",
        choices=SCALES,
    ),
    "GENERATOR_LR_FACTOR": Key(
        0.1,
        "Factor on their learning rate (a reading). With 1, Adam, whose steps are of one size whatever the gradient, "
        "soon drives them to a gallery that is alike for a query, which pays while the hardest positives are farther "
        "than the hardest negatives.",
        least=0,
        when="training",
    ),
}
CONSISTENCY = {
    "SCALE": SCALE,
    "DETACH_CENTROID": Key(
        True,
        "Let the loss move compensated features only, and not the centres of the real ones, with which they are to be "
        "aligned. It else draws all features together.",
        when="training",
    ),
}
MODULATION = {
    "SCALE": SCALE._replace(default=0.2, sentence="The paper's lambda (figure 3)."),
    "MARGIN": Key(0.3, "Its margin (a reading of eq. 14: that of eq. 11).", when="training"),
    "MINING": Key(
        "hard",
        'Its triplets (a reading: eq. 14 does not say). From scratch "hard" first drives the scale to zero.',
        choices=MININGS,
        when="training",
    ),
    "DISTANCE": Key(
        "cosine",
        'Its distance (a reading: eq. 14 does not say): "cosine", by which retrieval compares, or "euclidean", with '
        "which a scale near zero pays until the hardest positives are nearer than the hardest negatives.",
        choices=tuple(DISTANCES),
        when="training",
    ),
    "DETACH_FEATURES": Key(
        False,
        "Let it train the generators of scale and shift alone, and not the features that they modulate (a reading: the "
        "paper does not say).",
        when="training",
    ),
    "CROSS_TRIPLETS": Key(
        True,
        "Compare images of different modalities only, as testing does (a reading: eq. 14 has both).",
        when="training",
    ),
}


def add_config(cfg: CfgNode) -> None:
    """Add ``MODEL.CMT`` and the keys of its two loss terms."""
    add_keys(cfg, "MODEL.CMT", NETWORK)
    add_keys(cfg, "MODEL.LOSSES.MODALITY_CONSISTENCY", CONSISTENCY)
    add_keys(cfg, "MODEL.LOSSES.MODULATION_DISCRIMINATIVE", MODULATION)
