"""Depth maps and masks of every kind come out in one convention."""

import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from fastreid_mm.errors import InputError
from mmseg_mm.datasets import LoadDepthFromFile, LoadSODMask
from mmseg_mm.datasets.image_files import image_size, read_grey, require_image
from tests.mmseg_mm.rgbd_files import write

DEPTH = np.array([[51, 102], [153, 204]], np.uint8)
NEAR = DEPTH / np.float32(255)


def load(path: str, **arguments) -> np.ndarray:
    return LoadDepthFromFile(**arguments).transform({"depth_path": path})["depth"]


@pytest.mark.parametrize(
    "pixels",
    [
        DEPTH,
        DEPTH.astype(np.uint16) * 257,
        np.dstack([DEPTH] * 3),
        np.dstack([DEPTH] * 3 + [255 - DEPTH]),
        np.dstack([DEPTH.astype(np.uint16) * 257] * 3),
    ],
    ids=["8 bit", "16 bit", "3 channels", "alpha", "16 bit 3 channels"],
)
def test_depth_by_range(tmp_path, pixels):
    depth = load(write(tmp_path / "d.png", pixels))
    assert depth.dtype == np.float32
    np.testing.assert_allclose(depth, NEAR, atol=1e-6)


def test_depth_directions_and_scalings(tmp_path):
    path = write(tmp_path / "d.png", DEPTH)
    np.testing.assert_allclose(load(path, direction="far_white"), 1 - NEAR, atol=1e-6)
    np.testing.assert_allclose(load(path, scaling="minmax"), [[0, 1 / 3], [2 / 3, 1]], atol=1e-6)
    millimetres = write(tmp_path / "mm.png", np.array([[500, 2500], [1500, 4500]], np.uint16))
    np.testing.assert_allclose(load(millimetres, direction="far_white", scaling="minmax"), [[1, 0.5], [0.75, 0]])


def test_a_samples_own_direction_comes_first(tmp_path):
    path = write(tmp_path / "d.png", DEPTH)
    results = LoadDepthFromFile().transform({"depth_path": path, "depth_direction": "far_white"})
    np.testing.assert_allclose(results["depth"], 1 - NEAR, atol=1e-6)


def test_a_jpeg_saved_in_colour_is_grey(tmp_path):
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1))
    depth = load(write(tmp_path / "d.jpg", np.dstack([ramp] * 3)))
    np.testing.assert_allclose(depth, ramp / 255, atol=0.02)


@pytest.mark.parametrize("scaling", ["range", "minmax"])
def test_constant_depth_is_named(tmp_path, scaling):
    path = write(tmp_path / "d.png", np.full((4, 4), 7, np.uint8))
    with pytest.raises(InputError, match=r"d\.png is empty: 7 everywhere"):
        load(path, scaling=scaling)
    with pytest.warns(UserWarning, match=r"d\.png is empty"):
        assert not load(path, scaling=scaling, allow_constant=True).any()


def test_unusable_depth_is_named(tmp_path):
    coloured = cv2.applyColorMap(np.tile(np.arange(0, 256, 4, dtype=np.uint8), (8, 1)), cv2.COLORMAP_JET)
    paths = {
        "in colour": write(tmp_path / "jet.png", coloured),
        "float32": write(tmp_path / "f.tiff", np.random.default_rng(0).random((4, 4), np.float32)),
        "does not exist": str(tmp_path / "none.png"),
    }
    for name, content in {"not an image": b"broken", "cannot be read": b""}.items():
        paths[name] = str(tmp_path / f"{len(content)}.png")
        (tmp_path / f"{len(content)}.png").write_bytes(content)
    for message, path in paths.items():
        with pytest.raises(InputError, match=message) as error:
            load(path)
        assert path in str(error.value)


def test_depth_of_another_size_is_named(tmp_path):
    results = {"depth_path": write(tmp_path / "d.png", DEPTH), "img": np.zeros((3, 2, 3)), "img_path": "i.jpg"}
    with pytest.raises(InputError, match=r"d\.png is 2 x 2, its image i\.jpg is 2 x 3"):
        LoadDepthFromFile().transform(results)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"direction": "near"}, "direction 'near' is not one of near_white, far_white"),
        ({"scaling": "max"}, "scaling 'max' is not one of range, minmax"),
    ],
)
def test_wrong_choices_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        LoadDepthFromFile(**arguments)


@pytest.mark.parametrize(
    "pixels",
    [[[0, 255], [255, 0]], [[0, 1], [1, 0]], [[128, 129], [200, 100]], np.dstack([[[0, 255], [255, 0]]] * 3)],
    ids=["0 and 255", "0 and 1", "soft edges", "3 channels"],
)
def test_masks(tmp_path, pixels):
    path = write(tmp_path / "m.png", np.array(pixels, np.uint8))
    results = LoadSODMask().transform({"seg_map_path": path, "seg_fields": []})
    assert results["gt_seg_map"].tolist() == [[0, 1], [1, 0]] and results["gt_seg_map"].dtype == np.uint8
    assert results["seg_fields"] == ["gt_seg_map"]


def test_no_mask_is_no_error_and_a_black_one_is_named(tmp_path):
    assert LoadSODMask().transform({"img_path": "a.jpg"}) == {"img_path": "a.jpg"}
    path = write(tmp_path / "m.png", np.zeros((4, 4), np.uint8))
    with pytest.warns(UserWarning, match=r"m\.png is all black"):
        assert not LoadSODMask().transform({"seg_map_path": path})["gt_seg_map"].any()


def test_an_images_size_is_what_the_loader_will_see(tmp_path):
    image = Image.fromarray(np.zeros((4, 6), np.uint8))
    exif = Image.Exif()
    for orientation, size in {1: (6, 4), 3: (6, 4), 6: (4, 6)}.items():
        exif[0x0112] = orientation
        image.save(tmp_path / "i.jpg", exif=exif)
        assert image_size(tmp_path / "i.jpg") == size
        assert cv2.imread(str(tmp_path / "i.jpg")).shape[1::-1] == size
        assert read_grey(str(tmp_path / "i.jpg")).shape[::-1] == size


def test_a_header_that_promises_too_much_is_refused_before_room_is_made_for_it(tmp_path):
    """The width is changed, and its checksum with it: a few hundred bytes cannot hold 12 million pixels."""
    path = tmp_path / "bomb.png"
    cv2.imwrite(str(path), np.zeros((24, 32), np.uint8))
    content = bytearray(path.read_bytes())

    def promise(width):
        content[16:20] = width.to_bytes(4, "big")
        content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
        path.write_bytes(content)

    promise(524320)
    with pytest.raises(InputError, match=r"bomb.png cannot be read: \d+ bytes cannot hold 524320 x 24 pixels"):
        read_grey(str(path))
    promise(100_000_000)  # more than Pillow opens
    for read in (read_grey, require_image):
        with pytest.raises(InputError, match=r"bomb.png .*Image size \(2400000000 pixels\) exceeds limit"):
            read(str(path))


def test_depth_that_fills_few_grey_levels_is_warned_of(tmp_path):
    """3.5 metres in millimetres are 14 of 256 levels."""
    path = tmp_path / "metric.png"
    cv2.imwrite(str(path), np.linspace(500, 4000, 24 * 32).reshape(24, 32).astype(np.uint16))
    with pytest.warns(UserWarning, match="metric.png has 16 bits but fills 14 of 256 grey levels; scaling='minmax'"):
        LoadDepthFromFile().transform({"depth_path": str(path)})
