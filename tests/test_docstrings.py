"""What the documentation of a block or a loss has: the paper, the equation, an example that runs."""

import doctest
import inspect
import re
import sys

import pytest

from fastreid_mm import layers, losses

PUBLIC = [getattr(package, name) for package in (layers, losses) for name in package.__all__]


@pytest.mark.parametrize("public", PUBLIC, ids=lambda public: public.__name__)
def test_a_block_or_loss_names_its_source_and_shows_how_to_call_it(public):
    written = f"{sys.modules[public.__module__].__doc__}\n{inspect.getdoc(public)}"
    assert re.search(r"https://|(AAAI|ECCV) 20\d\d", written), "neither link nor venue of a paper"
    assert 1 <= len(doctest.DocTestParser().get_examples(inspect.getdoc(public))) <= 4, "no example, or a long one"
