"""Frost from pictures against its formula, and what is drawn in their place."""

import numpy as np
import pytest
from PIL import Image

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.image_files import LeftOut
from fastreid_mm.corruptions import frost, read_frost_pictures
from fastreid_mm.corruptions.frost import TINTS, drawn_frost


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


def test_the_sixth_photograph_is_left_out_as_the_benchmarks_code_does(tmp_path):
    for number, suffix in enumerate(("png", "png", "png", "jpg", "jpg", "jpg"), 1):
        Image.new("RGB", (40, 40), (255, 255, 255) if number == 6 else (0, 0, 0)).save(
            tmp_path / f"frost{number}.{suffix}"
        )
    pictures = read_frost_pictures(tmp_path, left_out := LeftOut())
    assert len(pictures) == 5 and not np.any(pictures)
    assert str(left_out).startswith(f"left out 1, the first: {tmp_path / 'frost6.jpg'} (ImageNet-C's code")
    (tmp_path / "frost6.jpg").rename(tmp_path / "ice.jpg")
    assert len(read_frost_pictures(tmp_path)) == 6  # a folder of one's own: all


def test_drawn_frost_is_as_bright_as_the_five_photographs():
    """Their means are 131, 207, 207, 152 and 124, in red, green and blue 146, 167 and 179."""
    layers = [255 * drawn_frost((96, 48), generator(seed)) for seed in range(200)]
    assert np.mean(layers, (0, 1, 2)) == pytest.approx((146, 167, 179), abs=5)
    means = np.array([255 * np.mean(mean) for mean, _ in TINTS])
    assert means == pytest.approx((131, 207, 207, 152, 124), abs=1)
    found = np.array([layer.mean() for layer in layers])
    nearest = np.abs(found[:, None] - means).argmin(1)
    assert np.abs(found - means[nearest]).max() < 3
    shares = [(nearest == kind).mean() for kind in (0, 1, 3, 4)]
    assert shares == pytest.approx((0.2, 0.4, 0.2, 0.2), abs=0.08)
    assert np.std(layers, (1, 2)).mean() == pytest.approx(27, abs=1.5)  # within a layer


def test_frost_pictures_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(InputError, match="nowhere cannot be read"):
        read_frost_pictures(tmp_path / "nowhere")
    with pytest.raises(InputError, match="has no pictures of frost"):
        read_frost_pictures(tmp_path)
    (tmp_path / "frost1.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match="cannot read picture .*frost1.png"):
        read_frost_pictures(tmp_path)
    Image.new("1", (6000, 6000)).save(tmp_path / "frost1.png")
    with pytest.raises(InputError, match="frost1.png has 6000 x 6000 pixels"):
        read_frost_pictures(tmp_path)
