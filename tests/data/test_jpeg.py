"""Files read by torchvision, beside Pillow."""

import io

import numpy as np
import pytest
from PIL import Image
from torch import Tensor

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.read_image import DEFAULT_RULE, read_rgb
from fastreid_mm.data import jpeg
from fastreid_mm.data.jpeg import as_picture, read_pixels


def picture(height=37, width=23, channels=3, seed=0):
    """Smooth colours and some noise."""
    random = np.random.default_rng(seed)
    small = Image.fromarray(random.integers(0, 256, (5, 4, 3), np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    noisy = np.asarray(small) * 0.8 + random.integers(0, 50, (height, width, 3))
    return Image.fromarray(noisy.astype(np.uint8)).convert("RGB" if channels == 3 else "L")


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "options", [{}, {"subsampling": 0}, {"subsampling": 1}, {"progressive": True}, {"quality": 30}]
)
@pytest.mark.parametrize("size", [(37, 23), (64, 32), (1, 1), (200, 100)])
def test_pixels_are_pillow_s(tmp_path, channels, options, size):
    path = str(tmp_path / "image.jpg")
    picture(*size, channels).save(path, **options)
    found = read_pixels(path)
    assert isinstance(found, Tensor) and found.shape == (3, *size)
    assert np.array_equal(as_picture(found), read_rgb(path))


def save_rotated(path):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture().save(path, "JPEG", exif=exif)


OTHERS = {
    "rotated": save_rotated,
    "CMYK": lambda path: picture().convert("CMYK").save(path, "JPEG"),
    "PNG": lambda path: picture().save(path, "PNG"),
    "deep": lambda path: Image.fromarray(np.arange(600, dtype=np.uint16).reshape(30, 20) * 100).save(path, "PNG"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_files_are_left_to_pillow(tmp_path, kind):
    path = str(tmp_path / "image")
    OTHERS[kind](path)
    found = read_pixels(path)
    assert isinstance(found, Image.Image) and np.array_equal(found, read_rgb(path))


def outcome(read, path):
    try:
        return np.asarray(as_picture(read(path))).tobytes()
    except InputError as error:
        return str(error)


def test_damaged_files_have_the_same_outcome(tmp_path):
    """Cut anywhere, or with other bytes in places: the same pixels, or the same line."""
    buffer = io.BytesIO()
    picture().save(buffer, "JPEG")
    data, random, path = buffer.getvalue(), np.random.default_rng(0), tmp_path / "image.jpg"
    damaged = [data[:length] for length in range(0, len(data), 29)]
    for _ in range(100):
        other = bytearray(data)
        for place in random.integers(0, len(data), random.integers(1, 4)):
            other[place] = random.integers(256)
        damaged.append(bytes(other))
    outcomes = set()
    for each in damaged:
        path.write_bytes(each)
        found, expected = (outcome(read, str(path)) for read in (read_pixels, read_rgb))
        assert found == expected
        outcomes.add(type(found))
    assert outcomes == {str, bytes}


def test_a_file_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    path = str(tmp_path / "image.jpg")
    picture().save(path)
    monkeypatch.setattr(jpeg, "decode_jpeg", lambda *_: pytest.fail("decoded"))
    with pytest.raises(InputError, match=r"23 x 37 pixels, more than INPUT.MAX_PIXELS 850 allows"):
        read_pixels(path, DEFAULT_RULE._replace(max_pixels=850))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere.jpg does not exist"):
        read_pixels(str(tmp_path / "nowhere.jpg"))
