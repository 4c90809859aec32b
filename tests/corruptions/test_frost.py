"""Frost from pictures against its formula, and what is drawn in their place."""

import numpy as np
import pytest
from PIL import Image

from fastreid_mm.corruptions import frost, read_frost_pictures
from fastreid_mm.corruptions.frost import drawn_frost


def flat(value):
    return np.full((64, 32, 3), value, np.uint8)


def generator(seed):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    "severity, left, added", [(1, 1, 0.4), (2, 0.8, 0.6), (3, 0.7, 0.7), (4, 0.65, 0.7), (5, 0.6, 0.75)]
)
def test_frost_is_added_from_the_pictures(severity, left, added, tmp_path):
    for number, size in enumerate(((40, 90), (200, 100))):  # one is too low, and enlarged
        Image.new("RGB", size, (100, 50, 80)).save(tmp_path / f"frost{number}.png")
    (tmp_path / "list.txt").write_text("no picture")
    pictures = read_frost_pictures(tmp_path)
    expected = np.minimum(left * 60 + added * np.array((100, 50, 80)), 255)
    for seed in range(6):
        frosted = frost(flat(60), severity, generator(seed), pictures)
        np.testing.assert_allclose(frosted, expected + np.zeros((64, 32, 3)), rtol=0, atol=1)


def test_a_part_of_a_picture_is_taken_where_chance_has_it(tmp_path):
    rows, columns = np.mgrid[:128, :64]
    picture = np.stack([rows, columns, 0 * rows], -1).astype(np.uint8)
    corners = np.array([frost(flat(0), 1, generator(seed), [picture])[4, 4, :2] / 0.4 for seed in range(60)])
    # 1.1 times larger: corners from 0 to 141 - 64 rows and 71 - 32 columns, a pixel of which is 1 / 1.1 of one
    assert corners.min(0) == pytest.approx((3.6, 3.6), abs=8) and corners.max(0) == pytest.approx((73, 39), abs=8)


def test_drawn_frost_is_as_bright_as_photographs():
    layers = [drawn_frost((96, 48), generator(seed)) for seed in range(10)]
    assert np.mean(layers, (0, 1, 2)) == pytest.approx((0.52, 0.61, 0.65), abs=0.02)
    assert np.std(layers[0], (0, 1)) == pytest.approx((0.12, 0.12, 0.12), abs=0.02)
    assert not np.array_equal(layers[0], layers[1])


def test_frost_pictures_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(ValueError, match="nowhere is not a folder with"):
        read_frost_pictures(tmp_path / "nowhere")
    (tmp_path / "frost1.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="cannot read picture .*frost1.png"):
        read_frost_pictures(tmp_path)
