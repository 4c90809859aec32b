"""Config keys of testing."""

from yacs.config import CfgNode

from fastreid_mm.common.keys import RANKS, Key, add_keys

KEYS = {
    "MISSING": Key((), "Names of modalities that are missing at test time: their images are not read.", when="testing"),
    "SYSU.GALLERY": Key(
        "auto",
        'SYSU-MM01: "auto" uses the permutation of rand_perm_cam.mat if that file exists; "official" requires it; '
        '"seeded" draws galleries as the AGW code base does.',
        choices=("auto", "official", "seeded"),
        when="testing",
    ),
    "CORRUPTION.ENABLED": Key(
        False,
        "SYSU-MM01-C, RegDB-C and the same for any visible-infrared set: besides the clean test, one with each visible "
        "image changed by one of 20 corruptions at one of 5 severities, after it is resized.",
        when="testing",
    ),
    "CORRUPTION.REPETITIONS": Key(
        10,
        "Number of tests, each with newly drawn corruptions; mean and deviation are reported. MUN's table 5 has the "
        "mean of ten.",
        least=1,
        when="testing",
        if_unread="expected",
    ),
    "CORRUPTION.SEED": Key(
        0,
        "Seed of the corruptions, independent of SEED, so that all networks are tested on the same images.",
        when="testing",
        if_unread="expected",
    ),
    "CORRUPTION.FROST": Key(
        "",
        "Folder with the photographs of frost of ImageNet-C's code, which cannot be shipped: the first five of six are "
        'used, as there. "" draws frost, a reading.',
        when="testing",
        if_unread="expected",
    ),
    "RERANK.EXPANSION": Key(
        "official",
        "Re-ranking: a neighbour's neighbours are added if more than two thirds of them are shared "
        '("official", as in the authors\' code and therefore in published numbers), or two thirds or more ("paper", '
        "eq. 5).",
        choices=("official", "paper"),
        when="testing",
    ),
    "PRECISE_BN.DATASET": Key(
        "",
        'The set of DATASETS.NAMES on which TEST.PRECISE_BN renews the statistics of BatchNorm; "" for all of them.',
        when="testing",
    ),
    "RANKS": Key(
        (),
        "The k of each Rank-k; () for those of the protocol: 1, 10, 20 on visible-infrared sets, else 1, 5, 10, 20. "
        "Those beyond the size of a gallery are left out with a warning.",
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
        "Number of queries drawn as ranked lists (ranked_lists_DATASET.png beside results.json); 0 draws none.",
        least=0,
        when="testing",
        if_unread="expected",
    ),
    "EXPECTED_RESULTS": Key(
        [],
        "Results that the run must reach, [[data set, setting, metric, value, tolerance], ...] in percent; otherwise "
        "it ends with status 2 and a line that names those it missed.",
        when="testing",
    ),
}


def add_config(cfg: CfgNode) -> None:
    """Add the keys under ``TEST``."""
    add_keys(cfg, "TEST", KEYS)
