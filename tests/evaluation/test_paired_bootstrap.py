"""The paired bootstrap against closed forms."""

import numpy as np
import pytest

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation.paired_bootstrap import paired_difference


@pytest.fixture
def values():
    return np.random.default_rng(1).uniform(0, 100, 400)


def test_equal_runs_do_not_differ(values):
    found = paired_difference(values, values)
    assert (found.value, found.low, found.high, found.more_than_chance) == (0, 0, 0, False)


def test_a_shift_of_all_samples_is_found_whole(values):
    found = paired_difference(values, values + 0.5, np.arange(400) // 10)
    assert found.more_than_chance and (found.low, found.high) == pytest.approx((0.5, 0.5))


def test_the_interval_is_that_of_the_normal_distribution(values):
    noise = np.random.default_rng(2).normal(0, 3, 400)
    found = paired_difference(values, values + noise)
    error = noise.std() / 20
    assert (found.low, found.high) == pytest.approx(
        (noise.mean() - 1.96 * error, noise.mean() + 1.96 * error), abs=0.04
    )
    assert paired_difference(values, values + noise - noise.mean()).more_than_chance is False


def test_samples_of_a_group_count_as_one(values):
    shift = np.repeat(np.random.default_rng(3).normal(0, 3, 40), 10)
    alone, grouped = (paired_difference(values, values + shift, groups) for groups in (None, np.arange(400) // 10))
    assert grouped.high - grouped.low == pytest.approx(2 * 1.96 * shift.std() / 40**0.5, rel=0.08)
    assert alone.high - alone.low == pytest.approx((grouped.high - grouped.low) / 10**0.5, rel=0.08)


def test_samples_without_a_value_are_left_out(values):
    first, second = values.copy(), values + 1
    first[:10] = second[5:20] = np.nan
    found = paired_difference(first, second, np.arange(400) // 3)
    assert found.samples == 380 and found.first == pytest.approx(values[20:].mean())
    with pytest.raises(InputError, match="no sample"):
        paired_difference(first[:10], second[:10])
    with pytest.raises(InputError, match="other samples"):
        paired_difference(first, second[1:])
