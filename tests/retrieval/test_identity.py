import pytest
from torch import nn

from fastreid_mm.retrieval.identity import _OF_TRAINING, identity_of
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


@pytest.mark.parametrize("options", [("MODEL.TRUST_WEIGHTS", "True"), ("MODEL.SYNC_BN", "False")])
def test_how_the_network_was_loaded_and_trained_is_not(options):
    assert config_of(*options) == config_of()


def test_no_key_of_a_loss_is_part_of_it():
    expected = config_of()
    for node, keys in _OF_TRAINING.items():
        for key in keys:
            cfg = load_config("", [])
            keys_of = cfg.MODEL[node] if node else cfg.MODEL
            assert key in keys_of  # a key that was renamed is to be renamed here
            keys_of[key] = "another"
            assert identity_of(cfg, MODEL, "cosine", 2).config == expected, f"{node}.{key}"
