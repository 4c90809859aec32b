"""Keys of testing."""

from yacs.config import CfgNode

from fastreid_mm.common.keys import RANKS, Key, add_keys

KEYS = {
    "MISSING": Key((), "Names of modalities that are missing at test time: their images are not read.", when="testing"),
    "SYSU.GALLERY": Key(
        "auto",
        'SYSU-MM01: "auto" takes the permutation of rand_perm_cam.mat when that is there; "official" insists on the '
        "file; "
        '"seeded" draws galleries as the AGW code base does.',
        choices=("auto", "official", "seeded"),
        when="testing",
    ),
    "CORRUPTION.ENABLED": Key(
        False,
        "SYSU-MM01-C, RegDB-C and the same of any visible-infrared set: beside the clean test, one with each visible "
        "image under one of 20 corruptions at one of 5 severities, after it is resized.",
        when="testing",
    ),
    "CORRUPTION.REPETITIONS": Key(
        10,
        "How often all are drawn anew; mean and deviation are reported. MUN's table 5 has the mean of ten.",
        least=1,
        when="testing",
        if_unread="expected",
    ),
    "CORRUPTION.SEED": Key(
        0,
        "What is drawn, whatever SEED is, so that all networks are tested on the same images.",
        when="testing",
        if_unread="expected",
    ),
    "CORRUPTION.FROST": Key(
        "",
        "A folder with the photographs of frost of ImageNet-C's code, which cannot be shipped: the first five of "
        "six, as "
        'there. "" draws frost, a reading.',
        when="testing",
        if_unread="expected",
    ),
    "RERANK.EXPANSION": Key(
        "official",
        'Re-ranking: a neighbour\'s neighbours are taken if more than two thirds of them are in common ("official", '
        "as in "
        'the authors\' code and so in published numbers), or two thirds or more ("paper", eq. 5).',
        choices=("official", "paper"),
        when="testing",
    ),
    "PRECISE_BN.DATASET": Key(
        "",
        "TEST.PRECISE_BN renews the statistics of BatchNorm after the last epoch, and before a test alone: on which of "
        'DATASETS.NAMES, "" for all of them.',
        when="testing",
    ),
    "RANKS": Key(
        (),
        "The k of each Rank-k; () for those of the protocol: 1, 10, 20 on visible-infrared sets, else 1, 5, 10, 20. "
        "One "
        "beyond a gallery is left out with a warning.",
        kind=RANKS,
        when="testing",
    ),
    "REFERENCES": Key(
        False,
        "Also report the untrained network and random features (chance), measured before the first iteration.",
        when="testing",
        if_unread="expected",
    ),
    "RANKED_LISTS": Key(
        0,
        "How many queries to draw as ranked lists (ranked_lists_DATASET.png beside results.json); 0 draws none.",
        least=0,
        when="testing",
        if_unread="expected",
    ),
    "EXPECTED_RESULTS": Key(
        [],
        "What the run must reach, [[data set, setting, metric, value, tolerance], ...] in percent; else it ends with a "
        "line that says what it missed, and status 2.",
        when="testing",
    ),
}


def add_config(cfg: CfgNode) -> None:
    """Add the keys under ``TEST``."""
    add_keys(cfg, "TEST", KEYS)
