"""Layouts are found, and what does not fit is named."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import init_default_scope

from fastreid_mm.common.errors import InputError
from mmseg_mm.datasets import LoadDepthFromFile, RGBDSODDataset
from tests.mmseg_mm.rgbd_files import PLACES, SIZE, near_square, write, write_set


def names(dataset: RGBDSODDataset, key: str = "img_path") -> list[str]:
    return [Path(dataset.get_data_info(i)[key]).name for i in range(len(dataset))]


@pytest.fixture
def warnings_of(monkeypatch):
    said = []
    for module in ("paired_sod", "rgbd_sod"):
        name = f"mmseg_mm.datasets.{module}.print_log"
        monkeypatch.setattr(name, lambda message, *args, **kwargs: said.append(message))
    return said


def test_d3net_layout(tmp_path):
    dataset = RGBDSODDataset(data_root=str(write_set(tmp_path / "SIP", ("b", "a"))))
    assert names(dataset) == ["a.jpg", "b.jpg"]
    sample = dataset.get_data_info(1)
    assert sample["depth_path"] == str(tmp_path / "SIP/depth/b.png")
    assert sample["seg_map_path"] == str(tmp_path / "SIP/GT/b.png")
    assert sample["dataset_name"] == "SIP" and "depth_direction" not in sample


def test_other_folders_and_suffixes(tmp_path):
    places = {
        "img_path": ("Image_left", "_left.jpg"),
        "depth_path": ("depths", "_Depth.bmp"),
        "seg_map_path": ("masks", ".PNG"),
    }
    write_set(tmp_path, places=places)
    write(tmp_path / "Image_left" / "a_right.jpg", np.zeros((*SIZE, 3), np.uint8))
    dataset = RGBDSODDataset(
        name="NLPR",
        data_root=str(tmp_path),
        img_suffix="_left.jpg",
        depth_suffix="_Depth.bmp",
        data_prefix={"img_path": "Image_left", "depth_path": "depths", "seg_map_path": "masks"},
    )
    assert names(dataset) == ["a_left.jpg", "b_left.jpg", "c_left.jpg"]
    assert names(dataset, "seg_map_path") == ["a.PNG", "b.PNG", "c.PNG"]


def test_files_that_are_no_images_do_not_matter(tmp_path):
    write_set(tmp_path)
    (tmp_path / "depth/Thumbs.db").write_bytes(b"")
    (tmp_path / "RGB/._a.jpg").write_bytes(b"")
    assert len(RGBDSODDataset(data_root=str(tmp_path))) == 3


def test_a_list_chooses_the_samples(tmp_path):
    write_set(tmp_path)
    (tmp_path / "test.txt").write_text("c\na.jpg\n\n")
    dataset = RGBDSODDataset(data_root=str(tmp_path), ann_file="test.txt", num_samples=2)
    assert names(dataset) == ["c.jpg", "a.jpg"]


@pytest.mark.parametrize(
    "lines, message", [("a\nx\ny\n", "2 without a file in .*RGB: x, y"), ("a\nb\na.png\n", "lists twice: a$")]
)
def test_a_wrong_list_is_named(tmp_path, lines, message):
    write_set(tmp_path)
    (tmp_path / "list.txt").write_text(lines)
    with pytest.raises(InputError, match=message):
        RGBDSODDataset(data_root=str(tmp_path), ann_file="list.txt")


def test_sets_are_joined(tmp_path):
    write_set(tmp_path / "NJU2K", ("1", "2", "3"))
    (tmp_path / "NJU2K/train.txt").write_text("3\n1\n")
    write_set(
        tmp_path / "dut",
        ("4",),
        {"img_path": ("I", ".png"), "depth_path": ("D", ".png"), "seg_map_path": ("M", ".png")},
    )
    other = {
        "name": "DUT-RGBD",
        "data_root": "dut",
        "depth_direction": "far_white",
        "data_prefix": {"img_path": "I", "depth_path": "D", "seg_map_path": "M"},
    }
    dataset = RGBDSODDataset(
        data_root=str(tmp_path), sets=[{"name": "NJU2K", "ann_file": "train.txt", "num_samples": 2}, other]
    )
    assert names(dataset) == ["3.jpg", "1.jpg", "4.png"]
    assert [dataset.get_data_info(i)["dataset_name"] for i in range(3)] == ["NJU2K", "NJU2K", "DUT-RGBD"]
    assert dataset.get_data_info(2)["depth_direction"] == "far_white"


def test_unpaired_files_are_all_named_at_once(tmp_path):
    write_set(tmp_path)
    for path in ("depth/a.png", "GT/b.png", "RGB/c.jpg"):
        (tmp_path / path).unlink()
    with pytest.raises(InputError) as error:
        RGBDSODDataset(data_root=str(tmp_path))
    text = str(error.value)
    assert f"1 without a file in {tmp_path}/depth: {tmp_path}/RGB/a.jpg" in text
    assert f"1 without a file in {tmp_path}/GT: {tmp_path}/RGB/b.jpg" in text
    assert f"1 without a file in {tmp_path}/RGB: {tmp_path}/depth/c.png" in text
    assert "\n" not in text


def test_unequal_sizes_are_all_named_at_once(tmp_path):
    write_set(tmp_path)
    write(tmp_path / "depth/a.png", np.zeros((24, 31), np.uint8))
    write(tmp_path / "GT/c.png", np.zeros((12, 16), np.uint8))
    with pytest.raises(InputError) as error:
        RGBDSODDataset(data_root=str(tmp_path))
    assert f"{tmp_path}/depth/a.png 31 x 24" in str(error.value)
    assert f"{tmp_path}/GT/c.png 16 x 12" in str(error.value)
    assert "2 samples" in str(error.value)


def test_a_broken_file_is_named(tmp_path):
    write_set(tmp_path)
    (tmp_path / "depth/b.png").write_bytes(b"broken")
    with pytest.raises(InputError, match=r"depth/b\.png is not an image"):
        RGBDSODDataset(data_root=str(tmp_path))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"num_samples": 1485}, "3 samples, but num_samples=1485"),
        ({"data_prefix": {"img_path": "RGB", "depth_path": "deep", "seg_map_path": "GT"}}, "deep is not a folder"),
        ({"data_prefix": {"img_path": "RGB", "depth_path": "depth"}}, "'seg_map_path' is missing"),
        ({"data_prefix": {"img_path": "RGB", "depth": "depth", "seg_map_path": "GT"}}, "'depth_path' is missing"),
        ({"depth_direction": "white"}, "depth_direction 'white' is not one of near_white, far_white"),
        ({"img_suffix": ".webp"}, "RGB holds no .webp"),
        ({"ann_file": "no.txt"}, "no.txt does not exist"),
        ({"sets": [{"name": "x", "root": "y"}]}, "unknown key 'root'"),
        ({"sets": [{"data_root": "y"}]}, "no name"),
    ],
)
def test_wrong_arguments_are_named(tmp_path, arguments, message):
    write_set(tmp_path)
    with pytest.raises(InputError, match=message):
        RGBDSODDataset(data_root=str(tmp_path), **arguments)


def test_two_files_of_one_name_are_named(tmp_path):
    write_set(tmp_path)
    write(tmp_path / "RGB/a.png", np.zeros((*SIZE, 3), np.uint8))
    with pytest.raises(InputError, match=r"a\.jpg and .*a\.png are the same sample"):
        RGBDSODDataset(data_root=str(tmp_path))


def test_masks_may_be_left_out_when_testing(tmp_path):
    write_set(tmp_path)
    prefix = {"img_path": "RGB", "depth_path": "depth"}
    dataset = RGBDSODDataset(data_root=str(tmp_path), data_prefix=prefix, test_mode=True)
    assert "seg_map_path" not in dataset.get_data_info(0)


def test_inverted_depth_is_named(tmp_path, warnings_of):
    write_set(tmp_path / "good")
    write_set(tmp_path / "bad", ("x", "y"))
    for name in ("x", "y"):
        write(tmp_path / f"bad/depth/{name}.png", 255 - near_square()[0])
    sets = [{"name": "good"}, {"name": "bad"}]
    pipeline = [LoadDepthFromFile(), lambda results: results]
    RGBDSODDataset(data_root=str(tmp_path), sets=sets, pipeline=pipeline)
    assert len(warnings_of) == 1
    assert "bad looks inverted" in warnings_of[0] and str(tmp_path / "bad/depth/y.png") in warnings_of[0]
    sets[1]["depth_direction"] = "far_white"
    RGBDSODDataset(data_root=str(tmp_path), sets=sets, pipeline=pipeline)
    assert len(warnings_of) == 1


def test_an_image_that_mmcv_cannot_load_is_named(tmp_path):
    places = {"img_path": ("RGB", ".png"), "depth_path": ("depth", ".png"), "seg_map_path": ("GT", ".png")}
    image = write_set(tmp_path, places=places) / "RGB/a.png"
    image.write_bytes(image.read_bytes()[:60])  # the header is whole, with the size
    init_default_scope("mmseg")
    dataset = RGBDSODDataset(data_root=str(tmp_path), pipeline=[{"type": "LoadImageFromFile"}])
    assert dataset[1]["img"].shape == (*SIZE, 3)
    with pytest.raises(InputError, match="RGB/a.png is not an image that can be read"):
        dataset[0]


def test_odd_masks_are_told_when_the_set_is_built(tmp_path, warnings_of):
    write_set(tmp_path / "good")
    write_set(tmp_path / "bad", ("x", "y"))
    write(tmp_path / "bad/GT/x.png", near_square()[1] // 2)
    RGBDSODDataset(data_root=str(tmp_path), sets=[{"name": "good"}, {"name": "bad"}])
    (line,) = warnings_of
    assert f"1 of 2 masks of bad that were looked at are odd: mask {tmp_path}/bad/GT/x.png holds 0 and 127" in line


def test_files_of_too_many_pixels_are_named(tmp_path):
    write_set(tmp_path)
    with pytest.raises(InputError, match="RGB/a.jpg has 32 x 24 pixels, more than max_pixels 700 allows"):
        RGBDSODDataset(data_root=str(tmp_path), max_pixels=700)
    assert RGBDSODDataset(data_root=str(tmp_path), max_pixels=768).get_data_info(0)["max_pixels"] == 768


@pytest.mark.parametrize("channels", [1, 3])
def test_images_that_lose_their_levels_are_told_when_the_set_is_built(tmp_path, warnings_of, channels):
    places = {**PLACES, "img_path": ("RGB", ".png")}
    write_set(tmp_path / "deep", ("x", "y"), places)
    values = np.random.default_rng(0).integers(0, 4096, (*SIZE, channels)).astype(np.uint16)
    write(tmp_path / "deep/RGB/x.png", values)
    write(tmp_path / "deep/RGB/y.png", values * 16)
    RGBDSODDataset(data_root=str(tmp_path / "deep"))
    (line,) = warnings_of
    assert f"1 of 2 images of deep that were looked at are odd: image {tmp_path}/deep/RGB/x.png has 16 bits" in line
    assert "of which 16 of 256 levels are loaded; save it with 8" in line


def test_suffixes_in_any_case_and_links_count_and_the_rest_is_named(tmp_path, warnings_of):
    write_set(tmp_path / "set", ("a", "b c"))
    (tmp_path / "set/RGB/a.jpg").rename(tmp_path / "set/RGB/a.JPG")
    (tmp_path / "set/GT/a.png").rename(tmp_path / "elsewhere.png")
    (tmp_path / "set/GT/a.PNG").symlink_to(tmp_path / "elsewhere.png")
    write(tmp_path / "set/RGB/d.webp", np.zeros((*SIZE, 3), np.uint8))
    for folder, suffix in (("depth", ".png"), ("GT", ".png")):
        write(tmp_path / f"set/{folder}/d{suffix}", near_square()[folder == "GT"])
    for name in ("RGB/made.json", "GT/Thumbs.db", "depth/.DS_Store"):
        (tmp_path / "set" / name).write_text("x")
    (tmp_path / "set/depth/side_by_side").mkdir()
    dataset = RGBDSODDataset(data_root=str(tmp_path / "set"))
    assert names(dataset) == ["a.JPG", "b c.jpg", "d.webp"]
    assert sorted(dataset.left_out["set"].found) == [
        f"{tmp_path}/set/RGB/made.json (no image by its suffix)",
        f"{tmp_path}/set/depth/side_by_side (a folder where images are)",
    ]
    assert warnings_of == [
        f"set: left out 2, the first: {tmp_path}/set/depth/side_by_side (a folder where images are)",
        "set: 2 files of operating systems are ignored",
    ]


def test_kinds_in_one_folder_are_no_strangers_to_each_other(tmp_path):
    places = {"img_path": ("all", "_rgb.jpg"), "depth_path": ("all", "_D.png"), "seg_map_path": ("all/", "_gt.png")}
    write_set(tmp_path, places=places)
    write(tmp_path / "all/a_edge.png", np.zeros(SIZE, np.uint8))
    dataset = RGBDSODDataset(
        data_root=str(tmp_path),
        data_prefix={key: folder for key, (folder, _) in places.items()},
        img_suffix="_RGB.JPG",
        depth_suffix="_d.png",
        seg_map_suffix="_gt.png",
    )
    assert len(dataset) == 3
    assert dataset.left_out[tmp_path.name].found == [
        f"{tmp_path}/all/a_edge.png (its name does not end in _RGB.JPG or _d.png or _gt.png)"
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfb c\r\n\r\na.png\r\n",
        "b c\r\na\r\n".encode("utf-16"),
        b"RGB/b c.jpg\ntrain\\RGB\\a.jpg",
        b"b c\r\rRGB/a.jpg depth/a.png GT/a.png\r",
    ],
)
def test_a_list_of_any_system(tmp_path, content):
    write_set(tmp_path, ("a", "b c", "d"))
    (tmp_path / "list.txt").write_bytes(content)
    assert names(RGBDSODDataset(data_root=str(tmp_path), ann_file="list.txt")) == ["b c.jpg", "a.jpg"]


def test_names_of_any_encoding(tmp_path):
    """One that is no UTF-8, and one whose accent is a character of its own in one folder only."""
    write_set(tmp_path, ("x", "e\u0301"))
    (tmp_path / "GT/e\u0301.png").rename(tmp_path / "GT/\u00e9.png")
    for path in [tmp_path / "RGB/x.jpg", tmp_path / "depth/x.png", tmp_path / "GT/x.png"]:
        path.rename(path.with_name(path.name.replace("x", "\udce4")))
    (tmp_path / "list.txt").write_bytes(b"\xe4\n\xc3\xa9\n")
    assert names(RGBDSODDataset(data_root=str(tmp_path), ann_file="list.txt")) == ["\udce4.jpg", "e\u0301.jpg"]


def test_a_name_that_a_list_has_in_two_ways_is_there_twice(tmp_path):
    write_set(tmp_path)
    (tmp_path / "list.txt").write_text("a\nb\nRGB/a.jpg\n")
    with pytest.raises(InputError, match="lists twice: a$"):
        RGBDSODDataset(data_root=str(tmp_path), ann_file="list.txt")


@pytest.mark.parametrize("indices", [0, []])
def test_no_sample_at_all_is_refused(tmp_path, indices):
    write_set(tmp_path)
    with pytest.raises(InputError, match="leaves no sample"):
        RGBDSODDataset(data_root=str(tmp_path), indices=indices)
