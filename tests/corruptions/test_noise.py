"""The noises against the moments of the laws that they are drawn from."""

import numpy as np
import pytest

from fastreid_mm.corruptions import gaussian_noise, impulse_noise, shot_noise, speckle_noise


def flat(value, side=80):
    return np.full((side, side, 3), value, np.uint8)


def unit(image):
    return image.astype(float) / 255


@pytest.mark.parametrize("severity, deviation", [(1, 0.08), (2, 0.12), (3, 0.18), (4, 0.26), (5, 0.38)])
def test_gaussian_noise_has_the_deviation_before_it_is_clipped(severity, deviation):
    """On mid-grey a share P(|n| > 1/2) is clipped; the median of |n|, 0.6745 deviations, is not moved by that."""
    noisy = unit(gaussian_noise(flat(128), severity, np.random.default_rng(0)))
    assert np.median(np.abs(noisy - 128 / 255)) / 0.6745 == pytest.approx(deviation, rel=0.03)
    assert noisy.mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("severity, photons", [(1, 60), (2, 25), (3, 12), (4, 5), (5, 3)])
def test_shot_noise_counts_photons(severity, photons):
    """Poisson(c x) / c: on x = 51/255 the values are k / c, with mean x and variance x / c."""
    noisy = unit(shot_noise(flat(51), severity, np.random.default_rng(0)))
    assert noisy.mean() == pytest.approx(0.2, rel=0.03)
    assert noisy.var() == pytest.approx(0.2 / photons, rel=0.06)
    counts = noisy * photons
    assert np.abs(counts - counts.round()).max() < photons / 255


@pytest.mark.parametrize("severity, share", [(1, 0.03), (2, 0.06), (3, 0.09), (4, 0.17), (5, 0.27)])
def test_impulse_noise_is_salt_and_pepper_in_equal_shares(severity, share):
    noisy = impulse_noise(flat(128, 150), severity, np.random.default_rng(0))
    assert set(np.unique(noisy)) == {0, 128, 255}
    assert (noisy == 0).mean() == pytest.approx(share / 2, rel=0.06)
    assert (noisy == 255).mean() == pytest.approx(share / 2, rel=0.06)
    assert ((noisy[..., 0] != 128) & (noisy[..., 1] != 128)).mean() == pytest.approx(share**2, rel=0.5)  # by value


@pytest.mark.parametrize("severity, deviation", [(1, 0.15), (2, 0.2), (3, 0.35), (4, 0.45), (5, 0.6)])
def test_speckle_noise_is_in_proportion_to_the_value(severity, deviation):
    for value in (51, 102):
        noisy = unit(speckle_noise(flat(value), severity, np.random.default_rng(0)))
        assert np.median(np.abs(noisy - value / 255)) / 0.6745 == pytest.approx(deviation * value / 255, rel=0.04)
    assert not speckle_noise(flat(0), severity, np.random.default_rng(0)).any()
