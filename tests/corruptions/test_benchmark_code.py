"""Noises, blurs and digital corruptions against the benchmark's code, step by step, from the same draws."""

import colorsys

import numpy as np
import pytest
from scipy import ndimage

from fastreid_mm.corruptions import (
    brightness,
    contrast,
    defocus_blur,
    elastic_transform,
    gaussian_blur,
    gaussian_noise,
    glass_blur,
    impulse_noise,
    motion_blur,
    saturate,
    shot_noise,
    speckle_noise,
    zoom_blur,
)
from tests.corruptions.naive import blurred, close, draws, every_severity, person, streaked, whole, zoomed


@every_severity
def test_noises_are_cut_off(severity):
    values, at = person() / 255, severity - 1
    scale = (0.08, 0.12, 0.18, 0.26, 0.38)[at]
    assert np.array_equal(
        gaussian_noise(person(), severity, draws()), whole(values + scale * draws().standard_normal(values.shape))
    )
    scale = (0.15, 0.2, 0.35, 0.45, 0.6)[at]
    assert np.array_equal(
        speckle_noise(person(), severity, draws()),
        whole(values + values * (scale * draws().standard_normal(values.shape))),
    )
    photons = (60, 25, 12, 5, 3)[at]
    assert np.array_equal(
        shot_noise(person(), severity, draws()), whole(draws().poisson(values * photons) / float(photons))
    )
    noisy = impulse_noise(person(), severity, draws())
    assert set(np.unique(noisy[noisy != person()])) <= {0, 255}


@every_severity
def test_gaussian_blur(severity):
    close(gaussian_blur(person(), severity, draws()), whole(blurred(person() / 255, (1, 2, 3, 4, 6)[severity - 1])))


@every_severity
def test_glass_blur_is_the_loop_over_pixels(severity):
    """Of a "swap" of two views the second gets back what it has: pixels are overwritten, not exchanged."""
    sigma, reach, rounds = ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2))[severity - 1]
    image, random = np.uint8(blurred(person(14, 12) / 255, sigma) * 255), draws()
    for _ in range(rounds):
        for row in range(14 - reach, reach, -1):
            for column in range(12 - reach, reach, -1):
                right, down = random.integers(-reach, reach, 2)  # reach itself is not drawn
                image[row, column] = image[row + down, column + right]
    close(glass_blur(person(14, 12), severity, draws()), whole(blurred(image / 255, sigma)))


@every_severity
def test_defocus_blur(severity):
    radius, alias = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))[severity - 1]
    reach = max(8, radius)
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disk = (rows**2 + columns**2 <= radius**2) / np.float64((rows**2 + columns**2 <= radius**2).sum())
    size = 3 if radius <= 8 else 5
    taps = np.exp(-(np.arange(-(size // 2), size // 2 + 1) ** 2) / (2 * alias**2))
    for axis in (0, 1):
        disk = ndimage.correlate1d(disk, taps / taps.sum(), axis, mode="mirror")
    close(
        defocus_blur(person(), severity, draws()),
        whole(ndimage.correlate(person() / 255, disk[..., None], mode="mirror")),
        share=0.3,  # flat parts: the kernel's sum is 1 but for its last bits
    )


@every_severity
@pytest.mark.parametrize("width", [31, 17])  # shorter than the kernel: the rest of it is left out
def test_motion_blur(severity, width):
    radius, sigma = ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))[severity - 1]
    expected = streaked(person(width=width), radius, sigma, draws().uniform(-45, 45))
    close(
        motion_blur(person(width=width), severity, draws()), np.uint8(np.clip(expected, 0, 255)), share=0.5
    )  # as above


@every_severity
def test_zoom_blur(severity):
    factors = (
        np.arange(1, 1.11, 0.01),
        np.arange(1, 1.16, 0.01),
        np.arange(1, 1.21, 0.02),
        np.arange(1, 1.26, 0.02),
        np.arange(1, 1.31, 0.03),
    )[severity - 1]
    values = person() / np.float32(255)
    total = np.zeros_like(values)
    for factor in factors:
        total += zoomed(values, factor)[:57, :31]
    assert np.array_equal(zoom_blur(person(), severity, draws()), whole((values + total) / (len(factors) + 1)))


def by_hsv(change):
    pixels = [colorsys.hsv_to_rgb(*change(*colorsys.rgb_to_hsv(*pixel))) for pixel in (person() / 255).reshape(-1, 3)]
    return whole(np.reshape(pixels, person().shape))


@every_severity
def test_brightness_saturation_and_contrast(severity):
    at, values = severity - 1, person() / 255
    added = (0.1, 0.2, 0.3, 0.4, 0.5)[at]
    close(brightness(person(), severity, draws()), by_hsv(lambda h, s, v: (h, s, min(v + added, 1))), share=0.02)
    factor, offset = ((0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2))[at]
    close(
        saturate(person(), severity, draws()), by_hsv(lambda h, s, v: (h, min(s * factor + offset, 1), v)), share=0.02
    )
    mean = values.mean((0, 1), keepdims=True)
    expected = whole((values - mean) * (0.4, 0.3, 0.2, 0.1, 0.05)[at] + mean)
    assert np.array_equal(contrast(person(), severity, draws()), expected)


@every_severity
def test_elastic_transform(severity):
    alpha = 250 * (0.05, 0.065, 0.085, 0.1, 0.12)[severity - 1]
    random, sigma = draws(), (0.57, 0.31)
    right, down = (
        (ndimage.gaussian_filter(random.uniform(-0.285, 0.285, (57, 31)), sigma, truncate=3) * alpha).astype(np.float32)
        for _ in range(2)
    )
    rows, columns = np.mgrid[:57, :31]
    values = person() / np.float32(255)
    channels = [
        ndimage.map_coordinates(values[..., channel], (rows + down, columns + right), order=1, mode="reflect")
        for channel in range(3)
    ]
    close(elastic_transform(person(), severity, draws()), whole(np.stack(channels, -1)))
