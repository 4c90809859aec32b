from functools import reduce

import pytest
from torch import nn

from fastreid_mm.common.keys import DECLARED
from fastreid_mm.retrieval.identity import identity_of
from fastreid_mm.settings.load import load_config

MODEL = nn.Linear(2, 2)
"""Stands for a network: whatever the config says, its weights are the same."""


def config_of(*options):
    return identity_of(load_config("", [*options]), MODEL, "cosine", 2).config


@pytest.mark.parametrize(
    "options",
    [
        ("INPUT.RESIZE", "bilinear"),
        ("INPUT.RANGE_16BIT", "()"),
        ("INPUT.SIZE_TEST", "[64,32]"),
        ("MODEL.PIXEL_MEAN", "[1.0,2.0,3.0]"),
        ("MODEL.CMT.HEADS", "4"),
        ("MODEL.MUTUALFORMER.TEST_FEATURE", "fused"),
    ],
)
def test_what_changes_features_is_part_of_it(options):
    assert config_of(*options) != config_of()


def test_percentiles_of_a_range_are_part_of_it():
    own = ("INPUT.RANGE_16BIT", "()")
    assert config_of(*own, "INPUT.PERCENTILES_16BIT", "(1.0, 99.0)") != config_of(*own)
    fixed = ("INPUT.RANGE_16BIT", "(0, 9)")
    assert config_of(*fixed, "INPUT.PERCENTILES_16BIT", "(1.0, 99.0)") == config_of(*fixed)


@pytest.mark.parametrize(
    "options", [("MODEL.TRUST_WEIGHTS", "True"), ("MODEL.SYNC_BN", "False"), ("MODEL.HEADS.NUM_CLASSES", "9")]
)
def test_how_the_network_was_loaded_and_trained_is_not(options):
    assert config_of(*options) == config_of()


def test_no_key_of_training_is_part_of_it():
    expected = config_of()
    names = [name for name, key in DECLARED.items() if name.startswith("MODEL.") and key.when != "building"]
    assert {"MODEL.DEVICE", "MODEL.SYNC_BN", "MODEL.LOSSES.TRI.MARGIN"} <= set(names)
    for name in names:
        cfg = load_config("", [])
        *nodes, last = name.split(".")
        reduce(getattr, nodes, cfg)[last] = "another"
        assert identity_of(cfg, MODEL, "cosine", 2).config == expected, name
