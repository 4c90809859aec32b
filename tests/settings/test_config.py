"""The declarations of keys: the page that is made of them, defaults, and what they may be."""

import math

import pytest

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.keys import DECLARED, PATTERNS, SIZE, Key, leaves, problem_of, refuse_odd
from fastreid_mm.settings.config_values import refuse_impossible
from fastreid_mm.settings.load import load_config
from write_config_page import PAGE, page


def test_the_page_is_that_of_the_declarations():
    assert PAGE.read_text(encoding="utf-8") == page(), "python tools/docs/write_config_page.py"


def test_every_key_is_declared_with_its_default():
    defaults = dict(leaves(load_config("", [])))
    assert {key: DECLARED[key].default for key in defaults} == defaults


def test_every_default_is_one_of_its_values():
    load_config("", [])
    for name, key in DECLARED.items():
        assert not problem_of(key, key.default), name
        assert key.sentence.endswith((".", ")")) and key.when in ("building", "training", "testing", "running"), name
        assert key.if_unread in ("refused", "warned", "expected"), name
        assert key.on_resume in ("", "refused", "kept", "told", "free"), name


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (Key("a", "", choices=("a", "b")), "c", "one of a, b"),
        (Key(1, "", least=1), 0, "1 or more"),
        (Key(1.0, "", above=0), 0.0, "above 0"),
        (Key(0.5, "", least=0, most=1), 1.5, "1 or less"),
        (Key(0.5, "", least=0), float("nan"), "a finite number"),
        (Key(0.5, ""), -0.5, "0 or more"),
        (Key(-1, ""), -2, ""),
        (Key(3.0, "", above=0, most=math.inf), math.inf, ""),
        (Key(3.0, "", above=0, most=math.inf), -math.inf, "a finite number"),
        (Key(1, ""), None, "a value, as 1 is"),
        (Key((1, 1), "", kind=SIZE), (1, 0), "two whole numbers above 0"),
        (Key([], "", kind=PATTERNS), ["a("], "a list of regular expressions"),
        (Key(True, "", least=1), False, ""),
        (Key((), "", least=1), (0,), ""),
    ],
)
def test_values_are_held_to_choices_and_bounds(key, value, said):
    assert problem_of(key, value) == said


def test_an_odd_value_is_refused_by_its_key():
    with pytest.raises(InputError, match=r"DATASETS.REGDB.TRIAL 11 is not 10 or less"):
        refuse_odd(load_config("", ["DATASETS.REGDB.TRIAL", "11"]))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("MODEL.META_ARCHITECTURE", "TwoStrem", "'TwoStrem' is not one of TwoStream, .*CMTR"),
        ("MODEL.BACKBONE.NAME", "resnet", "'resnet' is not one of .*build_two_stream_resnet_backbone"),
        ("MODEL.HEADS.NAME", "CMTHed", "'CMTHed' is not one of CMTHead, "),
        ("MODEL.LOSSES.NAME", "['Triplet']", "'Triplet' is not one of TripletLoss, "),
        ("MODEL.LOSSES.NAME", "[]", "must name one loss or more"),
    ],
)
def test_a_name_that_nothing_is_registered_under_is_refused_with_the_nearest_first(key, value, said):
    with pytest.raises(InputError, match=f"{key} .*{said}"):
        refuse_impossible(load_config("SYSU/cmtr.yml", ["MODEL.DEVICE", "cpu", key, value]))
