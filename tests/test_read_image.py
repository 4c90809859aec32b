"""Images as people have them: other modes, other bits, damaged ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fastreid_mm.errors import InputError
from fastreid_mm.read_image import as_rgb, read_rgb
from tests.conftest import draw_image


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("images")


def pixels(path):
    return np.asarray(read_rgb(str(path)))


def test_every_kind_of_image_is_read_in_three_channels_of_eight_bits(folder):
    image, spaced = draw_image(1), folder / "a name with späces 人.png"
    image.save(spaced)
    expected = np.asarray(image)
    assert np.array_equal(pixels(spaced), expected)
    (folder / "link.png").symlink_to(spaced)
    assert np.array_equal(pixels(folder / "link.png"), expected)
    grey = image.convert("L")
    grey.save(folder / "grey.png")
    assert np.array_equal(pixels(folder / "grey.png"), np.repeat(np.asarray(grey)[..., None], 3, 2))
    image.quantize(16).save(folder / "palette.png")
    assert np.array_equal(pixels(folder / "palette.png"), np.asarray(image.quantize(16).convert("RGB")))
    image.convert("CMYK").save(folder / "cmyk.tif")
    assert np.abs(pixels(folder / "cmyk.tif").astype(int) - expected).max() <= 2
    image.save(folder / "animated.gif", save_all=True, append_images=[draw_image(2)])
    assert pixels(folder / "animated.gif").shape == (32, 16, 3)


def test_the_upper_half_of_16_bits_is_kept(folder):
    """Pillow's own conversion would clip everything above 255 to white."""
    deep = np.arange(0, 65536, 1024, dtype=np.uint16).reshape(8, 8)
    Image.fromarray(deep).save(folder / "deep.png")
    assert np.array_equal(pixels(folder / "deep.png")[..., 0], deep // 256)
    assert np.array_equal(as_rgb(Image.open(folder / "deep.png")), pixels(folder / "deep.png"))
    Image.fromarray(deep.astype(np.float32)).save(folder / "float.tif")
    with pytest.raises(InputError, match="float.tif: floating point"):
        read_rgb(str(folder / "float.tif"))
    with pytest.raises(InputError, match="floating point"):
        as_rgb(Image.open(folder / "float.tif"))


def test_an_image_is_turned_as_its_exif_data_say(folder):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    image = draw_image(1)
    image.save(folder / "turned.png", exif=exif)
    assert np.array_equal(pixels(folder / "turned.png"), np.rot90(np.asarray(image), -1))


def test_what_is_no_image_is_named(folder, monkeypatch):
    draw_image(1).save(folder / "whole.jpg")
    whole = (folder / "whole.jpg").read_bytes()
    for name, content in {"empty.jpg": b"", "short.jpg": whole[: len(whole) // 2], "text.jpg": b"hello"}.items():
        (folder / name).write_bytes(content)
        with pytest.raises(InputError, match=f"cannot read image .*{name}: .") as error:
            read_rgb(str(folder / name))
        assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="gone.jpg does not exist; was the data set moved or changed"):
        read_rgb(str(folder / "gone.jpg"))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # of the 512 there are: more than twice as many are a bomb
    with pytest.raises(InputError, match="whole.jpg: .*decompression bomb"):
        read_rgb(str(folder / "whole.jpg"))


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(["jpeg", "png", "deep"]), data=st.data())
def test_mutated_bytes_are_read_or_refused(folder, kind, data):
    path = folder / f"{kind}.{'jpg' if kind == 'jpeg' else 'png'}"
    if not path.exists():
        image = Image.fromarray(np.arange(512, dtype=np.uint16).reshape(32, 16)) if kind == "deep" else draw_image(3)
        image.save(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    mutated = folder / "mutated"
    mutated.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        assert read_rgb(str(mutated)).mode == "RGB"
    except InputError as error:
        assert "mutated" in str(error) and "\n" not in str(error)
