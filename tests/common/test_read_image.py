"""Images as people have them: other modes, other bits, damaged ones."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.read_image import PixelRule, as_rgb, look_ahead, read_rgb
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
    with pytest.raises(
        InputError, match="whole.jpg has more pixels than INPUT.MAX_PIXELS allows: .*decompression bomb"
    ):
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


RADIOMETRIC = np.random.default_rng(0).integers(51241, 52182, (64, 32)).astype(np.uint16)
"""As a thermal camera gives it: 941 values, 4 of 256 levels in the upper half of their bits."""


@pytest.mark.parametrize("kind", ["I;16", "I", "F"])
def test_a_range_keeps_the_levels_of_deep_images(folder, kind):
    path = folder / f"thermal_{kind.replace(';', '')}.tif"
    values = {"I;16": RADIOMETRIC, "I": RADIOMETRIC.astype(np.int32), "F": RADIOMETRIC.astype(np.float32) / 100}[kind]
    Image.fromarray(values).save(path)
    low, high = (512.41, 521.81) if kind == "F" else (51241, 52181)
    right = (RADIOMETRIC - 51241.0) / 940 * 255
    fixed = np.asarray(read_rgb(str(path), PixelRule((low, high))))
    assert np.abs(fixed[..., 0] - right).max() <= 0.6 and np.ptp(fixed, axis=2).max() == 0
    own = np.asarray(read_rgb(str(path), PixelRule(())))[..., 0]
    assert np.abs(own - right).max() <= 3 and len(np.unique(own)) == 256  # a pixel in a thousand is beyond either end
    assert np.array_equal(as_rgb(Image.open(path), PixelRule(())), np.repeat(own[..., None], 3, 2))


def test_own_ranges_leave_out_dead_pixels_and_know_flat_images(folder):
    dead = np.tile(RADIOMETRIC, (2, 2))
    dead[0, 0], dead[5, 5] = 0, 65535
    assert len(np.unique(_own(folder, dead))) > 250
    assert not _own(folder, np.full((4, 4), 7, np.uint16)).any()
    assert np.unique(_own(folder, np.eye(64, dtype=np.uint16))).tolist() == [0, 255]


def _own(folder, values):
    Image.fromarray(values).save(folder / "own.png")
    return np.asarray(read_rgb(str(folder / "own.png"), PixelRule(())))[..., 0]


@pytest.mark.parametrize("kind", ["I;16", "F"])
def test_percentiles_become_black_and_white(folder, kind):
    values = np.arange(1000).reshape(20, 50)
    Image.fromarray(values.astype(np.uint16 if kind == "I;16" else np.float32)).save(folder / "deep.tif")
    grey = np.asarray(read_rgb(str(folder / "deep.tif"), PixelRule((), percentiles=(10, 90))))[..., 0]
    low, high = np.percentile(values, (10, 90))
    np.testing.assert_allclose(grey, ((values - low) / (high - low)).clip(0, 1) * 255, atol=0.51)


@pytest.fixture
def told(monkeypatch, caplog):
    """What is told of levels, as at the start of a process."""
    monkeypatch.setattr("fastreid_mm.common.read_image._told", [])
    return lambda: [record.getMessage() for record in caplog.records]


def test_a_loss_of_levels_is_told_once(folder, told):
    for name in ("one", "two"):
        Image.fromarray(RADIOMETRIC).save(folder / f"{name}.png")
    full = np.arange(0, 65536, 16, dtype=np.uint16).reshape(64, 64)
    for name, values in {"full": full, "dark": np.zeros((8, 8), np.uint16)}.items():
        Image.fromarray(values).save(folder / f"{name}.png")
        read_rgb(str(folder / f"{name}.png"))
    read_rgb(str(folder / "one.png"), PixelRule(()))
    assert not told()
    look_ahead([str(folder / "gone.png"), str(folder / "one.png"), str(folder / "two.png")], PixelRule())
    as_rgb(Image.open(folder / "two.png"))
    (line,) = told()
    assert f"{folder}/one.png has 828 grey values, of which 4 of 256 levels are left; INPUT.RANGE_16BIT" in line


def test_a_range_beside_the_values_is_told(folder, told):
    Image.fromarray(RADIOMETRIC).save(folder / "beside.png")
    read_rgb(str(folder / "beside.png"), PixelRule((0, 4095)))
    assert "beside.png has 100% of its pixels beyond INPUT.RANGE_16BIT (0, 4095): they are from 51241 to" in told()[0]


def test_sixteen_bits_in_several_channels_are_told_or_refused(folder, told):
    path = str(folder / "channels.png")
    cv2.imwrite(path, np.dstack([RADIOMETRIC] * 3))
    read_rgb(path)
    assert "channels.png has 16 bits in several channels, of which 4 of 256 levels are left" in told()[0]
    with pytest.raises(InputError, match="channels.png: it has 16 bits in several channels"):
        read_rgb(path, PixelRule(()))


def test_numbers_that_are_no_sixteen_bits_are_refused(folder):
    for name, values, message in (
        ("signed", np.array([[-5, 70000]], np.int32), "integers from -5 to 70000, no 16 bits; INPUT.RANGE_16BIT"),
        ("nan", np.array([[np.nan, 1]], np.float32), "not finite"),
    ):
        Image.fromarray(values).save(folder / f"{name}.tif")
        with pytest.raises(InputError, match=f"{name}.tif: .*{message}"):
            read_rgb(str(folder / f"{name}.tif"))


def test_a_small_file_of_many_pixels_is_refused_before_it_is_decoded(folder, monkeypatch):
    path = folder / "many.png"
    Image.new("1", (6000, 6000)).save(path, optimize=True)
    monkeypatch.setattr(Image.Image, "load", None)
    with pytest.raises(InputError, match="many.png has 6000 x 6000 pixels, more than INPUT.MAX_PIXELS 33554432 allows"):
        read_rgb(str(path))
    monkeypatch.undo()
    assert read_rgb(str(path), PixelRule(max_pixels=36_000_000)).size == (6000, 6000)


def test_nothing_but_bitmaps_is_opened(folder):
    """Pillow would have PostScript run by another program, whatever the file is called."""
    (folder / "program.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    with pytest.raises(InputError, match="cannot read image .*program.png: cannot identify"):
        read_rgb(str(folder / "program.png"))
