"""Kinds of values, and what is taken by a closed list of them."""

import pytest
import torch

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.kinds import COUNT, FLAG, MAPPING, NUMBER, PLAIN, SEED, TENSORS, TEXT, WHOLE, known_entries

VALUES = {
    **{"None": None, "True": True, "-1": -1, "0": 0, "2**40": 2**40, "2**63": 2**63, "0.5": 0.5, "a": "a", "[1]": [1]},
    **{"(0, a)": (0, "a"), "{a: 1}": {"a": 1}, "{1: a}": {1: "a"}, "{a: tensor}": {"a": torch.ones(1)}},
    **{"bytes": b"a", "function": print},
}


@pytest.mark.parametrize(
    "kind, held",
    [
        (TEXT, {"a"}),
        (FLAG, {"True"}),
        (WHOLE, {"-1", "0", "2**40"}),
        (COUNT, {"0", "2**40"}),
        (SEED, {"0"}),
        (NUMBER, {"-1", "0", "2**40", "0.5"}),
        (MAPPING, {"{a: 1}", "{1: a}", "{a: tensor}"}),
        (TENSORS, {"{a: tensor}"}),
        (COUNT.or_none(), {"None", "0", "2**40"}),
        (COUNT.many(), {"[1]"}),
        ((TEXT | COUNT).many(), {"[1]", "(0, a)"}),
        (COUNT.by_name(), {"{a: 1}"}),
        (PLAIN, VALUES.keys() - {"bytes", "function"}),
    ],
)
def test_a_kind_holds_what_is_of_it_alone(kind, held):
    assert {name for name, value in VALUES.items() if kind.holds(value)} == held


def test_words_say_how_a_kind_was_made():
    made = (TEXT | NUMBER).many().or_none().by_name()
    assert made.words == "a list of text or a number, or None by name"


def test_known_entries_are_taken_and_others_left():
    known = {"a": COUNT, "b": {"c": TEXT, "d": FLAG}}
    assert known_entries({"a": 1, "b": {"c": "x", "e": print}, "f": 2}, known, "p") == {"a": 1, "b": {"c": "x"}}
    for content, words in (
        ({"a": "1"}, "a is of type str, not a whole number from 0"),
        ({"a": True}, "a is True, not a whole number from 0"),
        ({"b": []}, "b is of type list, not entries by name"),
        ({"b": {"d": None}}, "b.d is None, not True or False"),
    ):
        with pytest.raises(InputError, match=f"^checkpoint p.pth: {words}$"):
            known_entries(content, known, "p.pth")
