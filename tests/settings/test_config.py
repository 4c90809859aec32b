"""The declarations of keys: the page that is made of them, defaults, and what they may be."""

import pytest

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.keys import DECLARED, Key, leaves, problem_of, refuse_odd
from fastreid_mm.settings.load import load_config
from write_config_page import PAGE, page


def test_the_page_is_that_of_the_declarations():
    assert PAGE.read_text(encoding="utf-8") == page(), "python tools/prepare/write_config_page.py"


def test_every_key_of_ours_is_declared_and_has_its_default():
    from fastreid.config import get_cfg

    ours, hosts = dict(leaves(load_config("", []))), dict(leaves(get_cfg()))
    assert {key for key in ours if key not in hosts} <= set(DECLARED)
    assert {key: ours[key] for key in DECLARED if key in ours} == {
        key: value.default for key, value in DECLARED.items() if key in ours
    }


def test_every_default_is_one_of_its_values():
    load_config("", [])
    for name, key in DECLARED.items():
        assert not problem_of(key, key.default), name
        assert key.sentence.endswith((".", ")")) and key.when in ("building", "training", "testing"), name


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (Key("a", "", choices=("a", "b")), "c", "one of a, b"),
        (Key(1, "", least=1), 0, "1 or more"),
        (Key(1.0, "", above=0), 0.0, "above 0"),
        (Key(0.5, "", least=0, most=1), 1.5, "1 or less"),
        (Key(0.5, "", least=0), float("nan"), "0 or more"),
        (Key(True, "", least=1), False, ""),
        (Key((), "", least=1), (0,), ""),
    ],
)
def test_values_are_held_to_choices_and_bounds(key, value, said):
    assert problem_of(key, value) == said


def test_an_odd_value_is_refused_by_its_key():
    with pytest.raises(InputError, match=r"DATASETS.REGDB.TRIAL 11 is not 10 or less"):
        refuse_odd(load_config("", ["DATASETS.REGDB.TRIAL", "11"]))
