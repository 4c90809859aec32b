"""Depth maps and masks of every kind come out in one convention."""

import re
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from fastreid_mm.common.errors import InputError
from fastreid_mm.saliency.image_files import image_size, look_at_mask, read_grey, read_map, require_image
from mmseg_mm.datasets import LoadDepthFromFile, LoadSODMask
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
        ({"unmeasured": "0"}, "unmeasured '0' is no whole number"),
        ({"fill": "near"}, "fill 'near' is not one of far, mean, nearest"),
        ({"scaling": (5, 5)}, r"scaling \(5, 5\) is none of range, minmax, nor a number and a higher one"),
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
    with pytest.warns(UserWarning, match="metric.png fills 14 of 256 grey levels; .*scaling='minmax'"):
        LoadDepthFromFile().transform({"depth_path": str(path)})


MILLIMETRES = np.linspace(1000, 5000, 24 * 32).reshape(24, 32).astype(np.uint16)


def with_holes(path):
    """Every twentieth pixel of a metric map was not measured, which is 0."""
    holes = np.arange(MILLIMETRES.size).reshape(MILLIMETRES.shape) % 20 == 0
    return write(path, np.where(holes, 0, MILLIMETRES)), holes


def test_what_was_not_measured_is_far_and_counts_for_no_range(tmp_path):
    path, holes = with_holes(tmp_path / "d.png")
    depth = load(path, direction="far_white", scaling="minmax", unmeasured=0)
    measured = MILLIMETRES[~holes].astype(float)
    np.testing.assert_allclose(depth[~holes], (measured.max() - measured) / np.ptp(measured), atol=1e-6)
    assert not depth[holes].any()
    one = write(tmp_path / "n.png", np.where(holes, 255, 100).astype(np.uint8))
    with pytest.raises(InputError, match="n.png is empty: 100 everywhere"):
        load(one, unmeasured=255)


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_what_was_not_measured_is_filled_as_the_key_says(tmp_path, kind, recwarn):
    holes = np.zeros(MILLIMETRES.shape, bool)
    holes[10:14, 10:20] = True
    values = np.where(holes, 0 if kind is np.uint16 else np.nan, MILLIMETRES).astype(kind)
    path = write(tmp_path / "d.tif", values)
    depths = {
        fill: load(path, scaling=(1000, 5000), direction="far_white", unmeasured=0, fill=fill)
        for fill in ("far", "mean", "nearest")
    }
    whole = 1 - (MILLIMETRES - 1000.0) / 4000
    assert all(np.allclose(depth[~holes], whole[~holes], atol=1e-6) for depth in depths.values())
    assert not depths["far"][holes].any()
    np.testing.assert_allclose(depths["mean"][holes], whole[~holes].mean(), atol=1e-6)
    rows, columns = np.nonzero(~holes)
    for row, column in zip(*np.nonzero(holes)):
        distance = np.hypot(rows - row, columns - column)
        nearest = whole[rows, columns][distance <= distance.min() + 0.1]  # OpenCV's distances are rounded
        assert np.abs(nearest - depths["nearest"][row, column]).min() < 1e-6
    assert "has 5.2% of its pixels unmeasured, filled by fill='far'" in str(recwarn[0].message)


def test_depth_of_floating_point_needs_to_be_scaled(tmp_path):
    path = write(tmp_path / "metres.tif", np.linspace(0.5, 4, 24 * 32, dtype=np.float32).reshape(24, 32))
    with pytest.raises(InputError, match="metres.tif holds float32; scaling='minmax', or two numbers"):
        load(path)
    assert (load(path, scaling="minmax").min(), load(path, scaling="minmax").max()) == (0, 1)
    assert load(path, scaling=(0, 8)).max() == pytest.approx(0.5)


def test_what_was_not_measured_is_told_where_it_would_be_nearest(tmp_path, recwarn):
    path, _ = with_holes(tmp_path / "d.png")
    load(path, direction="far_white", scaling="minmax")
    (warning,) = recwarn
    assert "d.png is 0 in 5.1% of its pixels, apart from all other values" in str(warning.message)
    assert "unmeasured=0 makes it far" in str(warning.message)
    load(path, scaling="minmax")  # near is white: 0 is far
    load(write(tmp_path / "slope.png", MILLIMETRES - 1000), direction="far_white", scaling="minmax")
    assert len(recwarn) == 1
    loader = LoadDepthFromFile(direction="far_white", scaling="minmax")
    for name in ("e.png", "f.png"):
        loader.transform({"depth_path": with_holes(tmp_path / name)[0]})
    assert len(recwarn) == 2  # once a loader


@pytest.mark.parametrize("odd", [0, 65535])
def test_few_levels_are_noticed_beside_other_values(tmp_path, odd):
    pixels = MILLIMETRES.copy()
    pixels[:8] = odd
    with pytest.warns(UserWarning, match="d.png fills 10 of 256 grey levels"):
        load(write(tmp_path / "d.png", pixels))


def test_a_map_of_one_value_but_for_a_pixel_is_told(tmp_path):
    pixels = np.full((40, 50), 128, np.uint8)
    pixels[3, 3] = 7
    with pytest.warns(UserWarning, match="d.png has one value but for stray pixels"):
        load(write(tmp_path / "d.png", pixels), scaling="minmax")


@pytest.mark.parametrize("radius", [1, 3, 8, 15])
@pytest.mark.parametrize("bits", [8, 16])
def test_colour_is_refused_however_small_its_part_is(tmp_path, radius, bits):
    rows, columns = np.mgrid[:60, :80]
    picture = np.zeros((60, 80, 3), np.uint8 if bits == 8 else np.uint16)
    picture[(rows - 30) ** 2 + (columns - 40) ** 2 < radius**2, 2] = 128 if bits == 8 else 128 * 257
    with pytest.raises(InputError, match=r"m\.png is a picture in colour"):
        look_at_mask(write(tmp_path / "m.png", picture))


OBJECT = np.pad(np.ones((8, 10), np.uint8), ((6, 10), (4, 18)))
"""A mask of 24 x 32 pixels, 10.4 % of them of the object."""


@pytest.mark.parametrize("values", [(0, 128), (0, 127), (0, 2), (0, 100), (0, 200), (1, 2), (60, 255)])
def test_two_other_values_are_taken_for_a_mask_and_told(tmp_path, values):
    path = write(tmp_path / "m.png", np.where(OBJECT, values[1], values[0]).astype(np.uint8))
    mask, remark = look_at_mask(path)
    assert np.array_equal(mask, OBJECT)
    assert f"mask {path} holds {values[0]} and {values[1]}, not 0 and 255" in remark
    assert "is taken for the object, 10.4% of its pixels" in remark


@pytest.mark.parametrize("top", [1, 255, 65535])
def test_sixteen_bits_of_two_values_are_a_mask(tmp_path, top):
    mask, remark = look_at_mask(write(tmp_path / "m.png", OBJECT.astype(np.uint16) * top))
    assert np.array_equal(mask, OBJECT) and not remark


def test_jpeg_and_soft_edges_are_as_good_as_masks(tmp_path):
    large = cv2.resize(OBJECT * 255, None, fx=8, fy=8)  # soft edges
    for name in ("m.png", "m.jpg"):
        mask, remark = look_at_mask(write(tmp_path / name, large))
        assert not remark and np.mean(mask != (large > 128)) < 0.002


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((9, 9), np.uint8), "is all black"),
        (np.full((9, 9), 255, np.uint8), "is 255 everywhere"),
        (255 - OBJECT * 255, "fills its border and 89.6% of its pixels, is it inverted"),
        (
            np.where(cv2.erode(OBJECT, np.ones((3, 3))), 1, OBJECT * 255).astype(np.uint8),
            "holds 0, 1, 255, as class",
        ),
        (np.arange(64, dtype=np.uint8).reshape(8, 8) * 4, "has more pixels between black and white than white"),
        (cv2.GaussianBlur(OBJECT * 128, (0, 0), 1), "lies between 0 and 1[0-9]+, not 0 and 255"),
    ],
)
def test_masks_that_say_something_else_are_told(tmp_path, pixels, message):
    path = write(tmp_path / "m.png", pixels)
    assert re.search(rf"m\.png {message}", look_at_mask(path)[1])
    with pytest.warns(UserWarning, match=rf"m\.png {message}"):
        LoadSODMask().transform({"seg_map_path": path})


def test_a_picture_in_the_alpha_channel_alone_is_refused(tmp_path):
    alpha = np.dstack([np.full((*OBJECT.shape, 3), 255, np.uint8), OBJECT * 255])
    for read in (look_at_mask, read_grey, load):
        with pytest.raises(InputError, match=r"m\.png has its picture in the alpha channel"):
            read(write(tmp_path / "m.png", alpha))
    opaque = np.dstack([OBJECT * 255] * 3 + [np.full(OBJECT.shape, 255, np.uint8)])
    assert np.array_equal(look_at_mask(write(tmp_path / "m.png", opaque))[0], OBJECT)


def test_palettes_are_read_as_they_look(tmp_path):
    image = Image.fromarray(OBJECT, "P")
    for colours, message in (([0, 0, 0, 255, 255, 255], ""), ([0, 0, 0, 128, 0, 0], "picture in colour")):
        image.putpalette(colours)
        image.save(tmp_path / "m.png")
        if message:
            with pytest.raises(InputError, match=message):
                look_at_mask(str(tmp_path / "m.png"))
        else:
            assert np.array_equal(look_at_mask(str(tmp_path / "m.png"))[0], OBJECT)


def test_a_small_file_of_many_pixels_is_refused_by_every_reader(tmp_path):
    path = str(tmp_path / "many.png")
    Image.new("1", (6000, 6000)).save(path, optimize=True)
    for read in (read_grey, look_at_mask, read_map, require_image, image_size):
        with pytest.raises(InputError, match="many.png has 6000 x 6000 pixels, more than max_pixels 33554432 allows"):
            read(path)
    for transform, key in ((LoadDepthFromFile(), "depth_path"), (LoadSODMask(), "seg_map_path")):
        with pytest.raises(InputError, match="more than max_pixels 100 allows"):
            transform.transform({key: path, "max_pixels": 100})


def test_maps_of_more_than_eight_bits_are_stretched_before_they_are_rounded(tmp_path):
    values = np.arange(40, 104, dtype=np.uint8).reshape(8, 8)
    stretched = np.arange(64).reshape(8, 8) / 63
    for name, pixels in (("a.png", values.astype(np.uint16)), ("b.tif", values.astype(np.float32) - 70)):
        saliency, remark = read_map(write(tmp_path / name, pixels))
        np.testing.assert_allclose(saliency, stretched, atol=1e-6)
        assert saliency.dtype == np.float32 and not remark
    np.testing.assert_array_equal(read_map(write(tmp_path / "c.png", values))[0], (values / 255).astype(np.float32))


def test_maps_of_one_value_are_told_or_refused(tmp_path):
    saliency, remark = read_map(write(tmp_path / "a.png", np.full((4, 4), 13107, np.uint16)))
    assert saliency.tolist() == np.full((4, 4), np.float32(0.2)).tolist() and "a.png is 13107 everywhere" in remark
    for value, message in ((7, "is 7 everywhere, which is not between 0 and 1"), (np.nan, "not finite")):
        with pytest.raises(InputError, match=f"b.tif {message}|b.tif holds numbers that are {message}"):
            read_map(write(tmp_path / "b.tif", np.full((4, 4), value, np.float32)))


def test_black_and_white_may_be_rounded_by_eight_levels(tmp_path):
    """A mask of VT5000 lies between 8 and 255."""
    for low, high, odd in ((8, 255, False), (0, 247, False), (9, 255, True), (0, 246, True)):
        noise = np.arange(OBJECT.size).reshape(OBJECT.shape) % 5
        pixels = np.where(OBJECT, high - noise, low + noise).astype(np.uint8)
        assert bool(look_at_mask(write(tmp_path / "m.png", pixels))[1]) == odd
