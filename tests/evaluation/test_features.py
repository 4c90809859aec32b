"""Features with parts in them: packed as one row, unpacked by name."""

import pytest
import torch

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation import AlignedFeature, QueryAdaptiveFeature


def test_query_adaptive_features_are_the_representation_then_scale_then_shift():
    torch.manual_seed(0)
    complete, scale, shift = torch.rand(4, 3, 5), torch.rand(4, 5), torch.rand(4, 5)
    packed = QueryAdaptiveFeature(complete, scale, shift).pack()
    assert torch.equal(packed, torch.cat([complete.flatten(1), scale, shift], 1))
    assert all(map(torch.equal, QueryAdaptiveFeature.unpack(packed, parts=3), (complete, scale, shift)))


def test_rows_that_do_not_divide_into_parts_are_refused():
    with pytest.raises(InputError, match="24 channels .* 3 parts, a scale and a shift"):
        QueryAdaptiveFeature.unpack(torch.rand(2, 24), parts=3)


def test_aligned_features_say_what_they_have():
    values, held = torch.rand(3, 6), torch.tensor([[True, False], [True, True], [False, True]])
    packed = AlignedFeature(values, held).pack()
    assert packed.shape == (3, 8)
    found = AlignedFeature.unpack(packed, size=6, modalities=2)
    assert torch.equal(found.values, values) and torch.equal(found.held, held)


def test_without_a_word_everything_is_there():
    found = AlignedFeature.unpack(torch.zeros(3, 6), size=6, modalities=2)
    assert found.values.shape == (3, 6) and found.held.all() and found.held.shape == (3, 2)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_the_word_survives_other_precisions_and_a_mean(dtype):
    held = torch.tensor([[True, False], [False, True]])
    packed = AlignedFeature(torch.rand(2, 3, dtype=dtype), held).pack()
    assert packed.dtype == dtype
    assert torch.equal(AlignedFeature.unpack((packed + packed).float() / 2, 3, 2).held, held)


def test_rows_of_another_width_are_refused():
    with pytest.raises(InputError, match="7 columns .* 6 channels, or 8 with which of 2 modalities"):
        AlignedFeature.unpack(torch.zeros(3, 7), size=6, modalities=2)
