"""Compression and scaling against Pillow, elastic transform against its law."""

import io

import numpy as np
import pytest
from PIL import Image

from fastreid_mm.corruptions import elastic_transform, jpeg_compression, pixelate


def generator():
    return np.random.default_rng(0)


def noise(height=24, width=12):
    return generator().integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("severity, quality", [(1, 25), (2, 18), (3, 15), (4, 10), (5, 7)])
def test_jpeg_is_pillows_to_the_byte(severity, quality):
    file = io.BytesIO()
    Image.fromarray(noise()).save(file, "JPEG", quality=quality)
    assert np.array_equal(jpeg_compression(noise(), severity, generator()), np.asarray(Image.open(file)))


@pytest.mark.parametrize("severity, height, width", [(1, 14, 7), (2, 12, 6), (3, 9, 4), (4, 7, 3), (5, 6, 3)])
def test_pixelate_shows_so_many_blocks(severity, height, width):
    """0.6, 0.5, 0.4, 0.3 and 0.25 of 24 x 12, rounded down."""
    small = Image.fromarray(noise()).resize((width, height), Image.Resampling.BOX)
    blocks = pixelate(noise(), severity, generator())
    rows = ((np.arange(24) + 0.5) * height / 24).astype(int)
    columns = ((np.arange(12) + 0.5) * width / 12).astype(int)
    assert np.array_equal(blocks, np.asarray(small)[rows][:, columns])


def test_a_block_of_pixelate_is_the_mean_of_what_it_covers():
    block = pixelate(noise(), 2, generator())[4:6, 8:10]
    assert np.ptp(block, (0, 1)).tolist() == [0, 0, 0]
    assert block[0, 0] == pytest.approx(noise()[4:6, 8:10].mean((0, 1)), abs=1)  # rounded twice


@pytest.mark.parametrize("severity, factor", [(1, 12.5), (2, 16.25), (3, 21.25), (4, 25), (5, 30)])
def test_elastic_transform_moves_pixels_as_far_as_its_law_says(severity, factor):
    """A uniform law on -a .. a with a = 0.005 height has deviation a / sqrt 3; a Gaussian with sigma 0.01 of height and
    of width leaves it 1 / (2 sqrt(pi s_y s_x)) of that, and the factor enlarges it."""
    rows, columns = np.mgrid[:250, :200]
    image = np.stack([rows, columns, 0 * rows], -1).astype(np.uint8)  # says where it is from
    moved = (elastic_transform(image, severity, generator()) + 0.5 - image)[20:-20, 20:-20]  # half a pixel is cut off
    deviation = factor * 0.005 * 250 / np.sqrt(3) / (2 * np.sqrt(np.pi * 2.5 * 2))
    for axis in (0, 1):
        assert moved[..., axis].std() == pytest.approx(deviation, rel=0.07)
        assert abs(moved[..., axis].mean()) < 0.3 * deviation
    # how far the displacement goes together: a Gaussian of s has the correlation exp(-d^2 / 4 s^2)
    down = moved[..., 1] - moved[..., 1].mean()
    assert (down[3:] * down[:-3]).mean() / (down**2).mean() == pytest.approx(np.exp(-9 / 4 / 2.5**2), abs=0.07)
    assert (down[:, 3:] * down[:, :-3]).mean() / (down**2).mean() == pytest.approx(np.exp(-9 / 4 / 2**2), abs=0.07)
