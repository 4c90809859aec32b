"""Loss terms by hand."""

import pytest

import fastreid_mm.methods  # noqa: F401  registers its terms
from fastreid_mm.modeling import LOSS_REGISTRY


@pytest.mark.parametrize("name", sorted(LOSS_REGISTRY._obj_map))
def test_an_option_that_a_term_does_not_have_is_refused_when_it_is_built(name):
    with pytest.raises(TypeError, match="margn"):
        LOSS_REGISTRY.get(name)(margn=0.3)
