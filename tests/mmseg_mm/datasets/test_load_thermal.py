"""Thermal images of every kind come out as three channels of 8 bits."""

import numpy as np
import pytest
from PIL import Image

from fastreid_mm.common.errors import InputError
from mmseg_mm.datasets import LoadThermalFromFile, StackThermal
from tests.mmseg_mm.rgbd_files import write

GREY = np.array([[51, 102], [153, 204]], np.uint8)
KELVIN = np.linspace(28_815, 30_855, 24 * 32).reshape(24, 32)  # times 100: 15 to 35.4 degrees


def load(path: str, sample: dict | None = None, **arguments) -> np.ndarray:
    return LoadThermalFromFile(**arguments).transform({"thermal_path": path, **(sample or {})})["thermal"]


def tiff(path, values: np.ndarray) -> str:
    Image.fromarray(values).save(path)
    return str(path)


def test_eight_bits_are_kept(tmp_path):
    colours = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    assert np.array_equal(load(write(tmp_path / "t.png", colours)), colours)
    assert np.array_equal(load(write(tmp_path / "g.png", GREY)), np.dstack([GREY] * 3))


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
def test_a_fixed_range_means_the_same_in_every_image(tmp_path, kind):
    found = load(tiff(tmp_path / "t.tif", KELVIN.astype(kind)), value_range=(28_815, 30_855))
    expected = np.linspace(0, 255, KELVIN.size).reshape(KELVIN.shape)
    assert found.shape == (24, 32, 3) and found.dtype == np.uint8 and np.ptp(found, axis=2).max() == 0
    assert np.abs(found[..., 0] - expected).max() <= 0.63  # half a level, and what truncation to whole numbers takes
    half = load(tiff(tmp_path / "h.tif", KELVIN.astype(kind)), value_range=(28_815, 32_895))
    assert int(half.max()) == pytest.approx(127, abs=1)


def test_an_images_own_range_leaves_out_dead_pixels(tmp_path):
    values = KELVIN.astype(np.uint16)
    values[0, 0], values[-1, -1] = 0, 65535
    path = tiff(tmp_path / "t.tif", values)
    assert np.ptp(load(path, percentiles=(1, 99))[1:-1]) > 230
    assert np.ptp(load(path, percentiles=(0, 100))[1:-1]) < 10


def test_the_range_of_its_set_comes_first(tmp_path):
    path = tiff(tmp_path / "t.tif", KELVIN.astype(np.uint16))
    given = {"thermal_range": (28_815, 32_895)}
    assert int(load(path, given, value_range="set").max()) == pytest.approx(127, abs=1)
    with pytest.raises(InputError, match="t.tif: the range of its set is not known; .* --thermal-range"):
        load(path, value_range="set")


def test_a_range_of_another_camera_is_told(tmp_path):
    with pytest.warns(UserWarning, match=r"t\.tif has 100% of its pixels beyond 0 \.\. 100: they are from 28815 to"):
        load(tiff(tmp_path / "t.tif", KELVIN.astype(np.uint16)), value_range=(0, 100))


def test_unusable_thermal_images_are_named(tmp_path):
    holes = KELVIN.astype(np.float32)
    holes[3, 3] = np.nan
    paths = {
        "not finite": tiff(tmp_path / "nan.tif", holes),
        "uint16 in several channels": write(tmp_path / "deep.png", np.dstack([KELVIN.astype(np.uint16)] * 3)),
        "does not exist": str(tmp_path / "none.png"),
    }
    for message, path in paths.items():
        with pytest.raises(InputError, match=message) as error:
            load(path)
        assert path in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"value_range": "all"}, "value_range 'all' is not one of image, set"),
        ({"value_range": (5, 5)}, r"value_range \(5, 5\) is not the value that becomes black"),
        ({"percentiles": (-1, 50)}, r"percentiles \(-1, 50\) are not a percentile and a higher one"),
    ],
)
def test_wrong_choices_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        LoadThermalFromFile(**arguments)


def test_another_size_is_refused_or_resized(tmp_path):
    path = write(tmp_path / "t.png", np.full((8, 6), 77, np.uint8))
    sample = {"img": np.zeros((16, 12, 3), np.uint8), "img_path": "i.jpg"}
    with pytest.raises(InputError, match=r"t\.png is 6 x 8, its image i\.jpg is 12 x 16; resize=True"):
        load(path, sample)
    for found in (load(path, sample, resize=True), load(path, {**sample, "resize": True})):
        assert found.shape == (16, 12, 3) and set(found.ravel().tolist()) == {77}


def test_arrays_and_six_channels_are_taken_and_stacked():
    image, thermal = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3), np.uint8)
    for sample in ({"img": image, "thermal": thermal}, {"img": np.dstack([image, thermal])}):
        stacked = StackThermal().transform(LoadThermalFromFile().transform(sample))
        assert stacked["img"].dtype == np.float32 and "thermal" not in stacked
        assert np.array_equal(stacked["img"], np.dstack([image, thermal]))
    with pytest.raises(InputError, match=r"a thermal image is \(H, W\), or \(H, W, 3\) uint8, not"):
        LoadThermalFromFile().transform({"thermal": thermal.astype(float)})
    with pytest.raises(InputError, match="no thermal to stack, put LoadThermalFromFile before StackThermal"):
        StackThermal().transform({"img": image})


def test_the_image_beside_is_found(tmp_path):
    (tmp_path / "RGB").mkdir()
    write(tmp_path / "T/a.jpg", np.full((8, 8, 3), 9, np.uint8))
    results = LoadThermalFromFile().transform({"img_path": str(tmp_path / "RGB/a.jpg")})
    assert results["thermal_path"] == str(tmp_path / "T/a.jpg")
    with pytest.raises(InputError, match="no thermal_path given for .*b.jpg, nor is it in a folder RGB .* in T beside"):
        LoadThermalFromFile().transform({"img_path": str(tmp_path / "RGB/b.jpg")})
