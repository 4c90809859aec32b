"""Thresholds of saliency maps."""

import numpy as np
import pytest

from fastreid_mm.saliency.binary_map import binary_map, cut_out


def test_a_probability_is_a_threshold():
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(binary_map(values, 0.5) > 0, values / 255 > 0.5)
    assert binary_map(values, 0.0).min() == 0 and binary_map(values, 1.0).max() == 0


@pytest.mark.parametrize("seed", range(4))
def test_otsus_threshold_leaves_the_least_variance_within(seed):
    rng = np.random.default_rng(seed)
    values = np.concatenate([rng.normal(70, 15, 300), rng.normal(170, 25, 100)]).clip(0, 255).astype(np.uint8)
    values = values.reshape(20, 20)

    def within(threshold: int) -> float:
        parts = values[values <= threshold], values[values > threshold]
        return sum(part.size * part.var() for part in parts if part.size)

    found = values[binary_map(values, "otsu") == 0].max()
    assert within(found) == pytest.approx(min(map(within, range(256))))


def test_a_cut_out_has_the_map_as_alpha():
    image, alpha = np.full((4, 5, 3), 7, np.uint8), np.arange(20, dtype=np.uint8).reshape(4, 5)
    joined = cut_out(image, alpha)
    assert np.array_equal(joined[..., :3], image) and np.array_equal(joined[..., 3], alpha)
