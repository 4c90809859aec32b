"""The blurs on a point of light, whose image is the kernel, and on what a kernel must leave alone."""

import numpy as np
import pytest

from fastreid_mm.corruptions import defocus_blur, gaussian_blur, motion_blur, zoom_blur
from fastreid_mm.corruptions.blur import disk, smooth, streak
from fastreid_mm.corruptions.resample import enlarge

SIDE = 101
CENTRE = SIDE // 2


def point():
    light = np.zeros((SIDE, SIDE), np.float32)
    light[CENTRE, CENTRE] = 1
    return light


def edge(axis=1):
    """Black on the left or top half, white on the other."""
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    np.moveaxis(image, axis, 0)[CENTRE:] = 255
    return image


def generator():
    return np.random.default_rng(0)


@pytest.mark.parametrize("severity, sigma", [(1, 1), (2, 2), (3, 3), (4, 4), (5, 6)])
def test_gaussian_blur_turns_an_edge_into_the_normal_distribution(severity, sigma):
    row = gaussian_blur(edge(), severity, generator())[CENTRE, :, 0] / 255
    slope = np.diff(row)  # the kernel
    places = np.arange(SIDE - 1) - (CENTRE - 1)
    assert slope.sum() == pytest.approx(1, abs=0.01)
    assert np.sqrt((slope * places**2).sum()) == pytest.approx(sigma, rel=0.05)
    assert slope.max() == pytest.approx(1 / np.sqrt(2 * np.pi) / sigma, rel=0.06)


def test_a_gaussian_is_cut_off_at_four_deviations():
    assert np.flatnonzero(smooth(point(), 2)[CENTRE]).tolist() == list(range(CENTRE - 8, CENTRE + 9))


@pytest.mark.parametrize("severity, radius", [(1, 3), (2, 4), (3, 6), (4, 8), (5, 10)])
def test_defocus_blur_is_a_mean_over_a_disk(severity, radius):
    """An edge's slope is the disk's chord at that place, as a share of the disk."""
    squares = np.arange(-radius, radius + 1) ** 2
    inside = squares[:, None] + squares <= radius**2
    slope = np.diff(defocus_blur(edge(), severity, generator())[CENTRE, :, 0] / 255)
    middle = slope[CENTRE - 1 - radius : CENTRE + radius]
    assert middle == pytest.approx(inside.sum(0) / inside.sum(), abs=0.015)


def test_the_disk_is_flat_inside_and_brightens_a_little_where_its_rim_is_at_the_border():
    for radius, sigma, gain in ((3, 0.1, 1), (6, 0.5, 1), (8, 0.5, 1.01), (10, 0.5, 1.01)):
        kernel = disk(radius, sigma)
        assert kernel.sum() == pytest.approx(gain, abs=4e-3) and len(kernel) == 2 * max(8, radius) + 1
        middle = len(kernel) // 2
        assert np.ptp(kernel[middle - 1 : middle + 2, middle - 1 : middle + 2]) < 1e-6


@pytest.mark.parametrize("angle", [0, 30, -90, -135])
def test_a_streak_lies_along_its_angle(angle):
    kernel = streak(point(), 15, 8, angle)
    weights = np.exp(-(np.arange(31) ** 2) / 128)
    mean = (weights * np.arange(31)).sum() / weights.sum()
    rows, columns = np.mgrid[:SIDE, :SIDE] - CENTRE
    assert kernel.sum() == pytest.approx(1, abs=1e-4)
    # looking towards the angle draws the light the other way
    assert (kernel * columns).sum() == pytest.approx(-mean * np.cos(np.radians(angle)), abs=0.3)
    assert (kernel * rows).sum() == pytest.approx(-mean * np.sin(np.radians(angle)), abs=0.3)


@pytest.mark.parametrize("severity, radius, sigma", [(1, 10, 3), (2, 15, 5), (3, 15, 8), (4, 15, 12), (5, 20, 15)])
def test_motion_blur_is_half_a_gaussian_within_45_degrees(severity, radius, sigma):
    drawn = []

    class Draws:
        def uniform(self, low, high):
            drawn.append((low, high))
            return 0.0

    row = motion_blur(edge(), severity, Draws())[CENTRE, :, 0] / 255
    length = 2 * radius + 1
    weights = np.exp(-(np.arange(length) ** 2) / (2 * sigma**2))
    assert drawn == [(-45, 45)]
    assert np.diff(row)[CENTRE - length : CENTRE] == pytest.approx((weights / weights.sum())[::-1], abs=0.005)


@pytest.mark.parametrize(
    "severity, count, last", [(1, 12, 1.11), (2, 16, 1.15), (3, 11, 1.2), (4, 13, 1.24), (5, 11, 1.3)]
)
def test_zoom_blur_is_the_mean_of_enlargements(severity, count, last):
    """On a ramp every view is a ramp through the centre; the mean has the mean of their slopes, 1 / factor."""
    ramp = np.linspace(0, 250, 126).round().astype(np.uint8)
    row = zoom_blur(np.tile(ramp[None, :, None], (20, 1, 3)), severity, generator())[10, :, 0].astype(float)
    slope = np.polyfit(np.arange(126), row, 1)[0] / 2
    assert slope == pytest.approx((1 + (1 / np.linspace(1, last, count)).sum()) / (count + 1), abs=0.002)


def test_an_enlargement_is_of_the_middle_and_has_its_ends_at_its_own():
    rows, columns = (grid.astype(np.float64) for grid in np.mgrid[:21, :31])
    assert enlarge(columns, 2).shape == (22, 32)  # 11 and 16 of them
    assert enlarge(columns, 2)[10, [0, 31]].tolist() == [7, 22]
    assert enlarge(rows, 2)[[0, 21], 3].tolist() == [5, 15]
    assert np.array_equal(enlarge(rows, 1), rows)
