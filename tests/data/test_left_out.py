"""Every image of a set is in it as what it is, or named, or the set is refused."""

import os
import shutil

import numpy as np
import pytest
import torch

from fastreid_mm.common.errors import InputError
from fastreid_mm.data.datasets import LLCM, MSVR310, RGBN300, RGBNT201, SYSUMM01, Item, Market1501MM, RegDB
from fastreid_mm.evaluation import pairwise_distance, rank_metrics
from tests.conftest import write_image, write_strip


@pytest.fixture
def copy(request, tmp_path):
    def make(name, folder):
        return shutil.copytree(request.getfixturevalue(name) / folder, tmp_path / folder)

    return make


def messages(records):
    return [record.getMessage() for record in records]


def told(dataset):
    return [os.path.relpath(line.rpartition(" (")[0], dataset.folder) for line in dataset.left_out.found]


def test_sysu_takes_any_suffix_and_folders_without_zeros(copy, tmp_path, warnings):
    folder = copy("sysu_root", "SYSU-MM01")
    (folder / "cam1/0009/0001.jpg").rename(folder / "cam1/0009/0001.JPG")
    (folder / "cam2/0010/0002.jpg").rename(folder / "cam2/0010/2.png")
    (folder / "cam1/0012").rename(folder / "cam1/12")
    (folder / "cam4").rename(folder / "Cam04")
    data = SYSUMM01(str(tmp_path))
    assert len(data.gallery) == 22 * 8 and not warnings and not data.left_out.found
    assert Item(str(folder / "cam1/12/0001.jpg"), 12, 1, 0, number=1) in data.gallery
    assert Item(str(folder / "cam2/0010/2.png"), 10, 2, 0, number=2) in data.gallery


def test_sysu_names_what_it_cannot_take_once(copy, tmp_path, warnings):
    folder = copy("sysu_root", "SYSU-MM01")
    (folder / "cam1/0009/0001.jpg").rename(folder / "cam1/0009/0001 (1).jpg")
    (folder / "cam2/0010").rename(folder / "cam2/0010 old")
    write_image(folder / "cam7/0009/0001.jpg", 1)
    write_image(folder / "cam1/0777/0001.jpg", 1)  # an identity that no list names, as there are in the original
    (folder / "cam3/0011/notes.txt").write_text("")
    (folder / "cam3/0011/Thumbs.db").write_text("")
    (folder / "made.json").write_text("{}")
    data = SYSUMM01(str(tmp_path))
    assert len(data.gallery) == 22 * 8 - 3 and data.left_out.droppings == 1
    assert set(told(data)) == {"cam7", "cam2/0010 old", "cam3/0011/notes.txt", "cam1/0009/0001 (1).jpg"}
    SYSUMM01(str(tmp_path))
    (message,) = messages(warnings)
    assert message.startswith(f"SYSU-MM01: left out 4, the first: {folder / 'cam7'} (no camera of SYSU-MM01 here")


@pytest.mark.parametrize(
    ("twin", "words"),
    [
        ("cam1/0009/0001.png", "0001.jpg and .*0001.png are the same image"),
        ("cam1/0009/1.jpg", "0001.jpg and .*1.jpg have the same number"),
        ("cam1/9/0001.jpg", "0009 and .*cam1/9 have the same number"),
        ("Cam01/0009/0001.jpg", "Cam01 and .*cam1 have the same number"),
    ],
)
def test_sysu_refuses_what_is_there_twice(copy, tmp_path, twin, words):
    write_image(copy("sysu_root", "SYSU-MM01") / twin, 1)
    with pytest.raises(InputError, match=words):
        SYSUMM01(str(tmp_path))


def test_a_missing_camera_is_named_with_what_is_there(copy, tmp_path):
    folder = copy("sysu_root", "SYSU-MM01")
    (folder / "cam3").rename(folder / "cam 3")
    with pytest.raises(InputError, match="cam3 is missing; there are 'cam 3', 'cam1'"):
        SYSUMM01(str(tmp_path))


def test_llcm_takes_any_suffix_case_and_folders_without_zeros(copy, tmp_path, llcm_root, warnings):
    folder = copy("llcm_root", "LLCM")
    (folder / "test_vis/cam1/0008/1.jpg").rename(folder / "test_vis/cam1/0008/1.PNG")
    (folder / "test_vis/cam2/0007").rename(folder / "test_vis/cam2/7")
    (folder / "test_nir/cam9").rename(folder / "test_nir/CAM09")
    data, whole = LLCM(str(tmp_path)), LLCM(str(llcm_root))
    assert [item[1:] for item in data.gallery] == [item[1:] for item in whole.gallery]
    assert [item[1:] for item in data.query] == [item[1:] for item in whole.query]
    assert not any("left out" in message for message in messages(warnings))
    (folder / "idx/train_vis.txt").write_text(
        (folder / "idx/train_vis.txt").read_text().replace("train_vis/0003/2.jpg 3\n", "")
    )
    write_image(folder / "test_nir/cam3/0009/1.jpg", 1)
    write_image(folder / "raw/1.jpg", 1)
    assert set(told(LLCM(str(tmp_path)))) == {"test_nir/cam3", "train_vis/0003/2.jpg", "raw"}


def test_llcm_refuses_test_images_in_a_list_for_training(copy, tmp_path):
    lists = copy("llcm_root", "LLCM") / "idx"
    (lists / "train_vis.txt").write_text((lists / "train_vis.txt").read_text() + "test_vis/cam1/0008/1.jpg 2\n")
    with pytest.raises(InputError, match="test_vis/cam1/0008/1.jpg is in train_vis.txt and in the test folders"):
        LLCM(str(tmp_path))


def test_regdb_follows_links_of_folders_and_images(copy, tmp_path, regdb_root):
    folder = copy("regdb_root", "RegDB")
    (tmp_path / "disk").mkdir()
    for name in ("Visible", "Thermal/5", "Thermal/6/1.bmp"):
        place = tmp_path / "disk" / name.replace("/", "_")
        (folder / name).rename(place)
        (folder / name).symlink_to(place)
    data, whole = RegDB(str(tmp_path)), RegDB(str(regdb_root))
    assert [item[1:] for item in data.train] == [item[1:] for item in whole.train] and not data.left_out.found


def test_regdb_refuses_an_image_for_training_and_testing(copy, tmp_path):
    lists = copy("regdb_root", "RegDB") / "idx"
    (lists / "test_visible_1.txt").write_text((lists / "test_visible_1.txt").read_text() + "Visible/3/1.bmp 9\n")
    with pytest.raises(InputError, match="Visible/3/1.bmp is in .*train_visible_1.txt and in .*test_visible_1.txt"):
        RegDB(str(tmp_path))


def test_regdb_tells_of_images_that_no_list_names(copy, tmp_path, warnings):
    folder = copy("regdb_root", "RegDB")
    write_image(folder / "Visible/3/3.png", 1)
    assert told(RegDB(str(tmp_path))) == ["Visible/3/3.png"]
    assert messages(warnings) == [f"RegDB, trial 1: left out 1, the first: {folder}/Visible/3/3.png (no list names it)"]


def test_aligned_images_pair_by_their_names_whatever_their_suffix_and_the_folders_case(copy, tmp_path, rgbnt201_root):
    folder = copy("rgbnt201_root", "RGBNT201")
    (folder / "train_171/RGB").rename(folder / "train_171/rgb")
    (folder / "train_171/NI/000001_cam1_0_00.jpg").rename(folder / "train_171/NI/000001_cam1_0_00.PNG")
    (folder / "train_171/TI/._000001_cam1_0_00.jpg").write_bytes(b"")
    data, whole = RGBNT201(str(tmp_path)), RGBNT201(str(rgbnt201_root))
    assert [item[1:3] for item in data.train] == [item[1:3] for item in whole.train]
    assert [source.path for source in data.train[0].sources] == [
        str(folder / "train_171" / name)
        for name in ("rgb/000001_cam1_0_00.jpg", "NI/000001_cam1_0_00.PNG", "TI/000001_cam1_0_00.jpg")
    ]
    assert data.left_out.droppings == 1 and not data.left_out.found


@pytest.mark.parametrize(
    ("kind", "parts", "name", "cameras"),
    [
        (RGBNT201, ("train_171", "test"), "{:06d}_cam{}_0_00.jpg", {1: 0, 10: 9, 19: 18}),
        (Market1501MM, ("train", "query", "gallery"), "{:04d}_c{}s1_000451_03.jpg", {1: 0, 7: 6, 10: 9, 16: 15}),
    ],
)
def test_numbers_are_read_to_their_end(tmp_path, kind, parts, name, cameras):
    for part in parts:
        for modality in ("RGB", "NI", "TI"):
            for pid in (1, 1234567):
                for camera in cameras:
                    write_image(tmp_path / kind.dataset_dir / part / modality / name.format(pid, camera), 1)
    data = kind(str(tmp_path))
    found = {item[1:3] for item in data.gallery}
    assert found == {(pid, camera) for pid in (1, 1234567) for camera in cameras.values()}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (RGBNT201, "000001_cam0_0_00.jpg"),
        (RGBNT201, f"{10**20}_cam1_0_00.jpg"),
        (RGBNT201, "000001-2_cam1_0_00.jpg"),
        (Market1501MM, "0001_c0s1_000451_03.jpg"),
    ],
)
def test_numbers_that_cannot_be_are_refused_by_name(tmp_path, kind, name):
    for part in kind.parts:
        for modality in kind.MODALITIES:
            write_image(tmp_path / kind.dataset_dir / part / modality / name, 1)
    with pytest.raises(InputError, match=f"{name} is not named like"):
        kind(str(tmp_path))


def test_a_strip_of_a_camera_that_there_is_not_is_refused_by_name(copy, tmp_path):
    write_strip(copy("rgbn300_root", "RGBN300") / "rgbir" / "query" / "0007_c010_00.jpg", 1)
    with pytest.raises(InputError, match="0007_c010_00.jpg is not named like"):
        RGBN300(str(tmp_path))


def test_a_vehicles_folder_has_zeros_or_not_and_modalities_any_case(copy, tmp_path, msvr310_root):
    folder = copy("msvr310_root", "MSVR310")
    (folder / "query3" / "0007").rename(folder / "query3" / "7")
    (folder / "bounding_box_train" / "0002" / "vis").rename(folder / "bounding_box_train" / "0002" / "VIS")
    write_image(folder / "query3" / "9 (1)" / "vis" / "0009_s001_v0_001.jpg", 1)
    data, whole = MSVR310(str(tmp_path)), MSVR310(str(msvr310_root))
    assert [item[1:3] for item in data.query] == [item[1:3] for item in whole.query]
    assert [item[1:3] for item in data.train] == [item[1:3] for item in whole.train]
    assert all(None not in item.sources for item in data.query) and told(data) == ["query3/9 (1)"]


def test_a_tenth_camera_hides_no_true_images(tmp_path):
    where = {(1, 1): 0.0, (1, 10): 0.1, (2, 2): 0.2, (2, 1): 0.25, (1, 2): 0.3}  # person, camera: a feature
    for part in ("train_171", "test"):
        for modality in ("RGB", "NI", "TI"):
            for pid, camera in where:
                write_image(tmp_path / "RGBNT201" / part / modality / f"{pid:06d}_cam{camera}_0_00.jpg", 1)
    items = RGBNT201(str(tmp_path)).gallery
    ids, cameras = (np.array([item[k] for item in items]) for k in (1, 2))
    features = torch.tensor([[where[item.pid, item.camid + 1]] for item in items])
    query = [row for row, item in enumerate(items) if item[1:3] == (1, 0)]
    distance = pairwise_distance(features[query], features, "euclidean")
    found = rank_metrics(distance, ids[query], ids, cameras[query], cameras, "market", ranks=(1,))
    assert found["Rank-1"] == 100 and found["mAP"] == pytest.approx(75)  # (1 / 1 + 2 / 4) / 2
