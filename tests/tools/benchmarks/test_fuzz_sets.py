"""Changed trees and lists of Re-ID sets, a few of the thousands that the benchmark tries."""

import pytest
from fuzzing import lists, trees
from fuzzing.campaign import FAILURES, fuzz

from fastreid_mm.common.image_files import LeftOut


def bad(found):
    return [result for _, result in found if result.startswith(FAILURES)]


@pytest.mark.parametrize("kind", [trees, lists])
def test_every_file_is_taken_as_what_it_is_or_named_or_refused(kind):
    found = fuzz(kind.tries, 30, seed=3)
    assert sum(found.values()) == 30 and not bad(found)
    assert {result for _, result in found} == {"works", "refused in one line"}


def test_the_oracle_finds_what_is_left_out_without_a_word(monkeypatch, capsys):
    monkeypatch.setattr(LeftOut, "add", lambda *args, **kwargs: None)
    assert bad(fuzz(trees.tries, 30, seed=3))
