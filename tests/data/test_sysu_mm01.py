import shutil

import pytest

from fastreid_mm.common.errors import InputError
from fastreid_mm.data.datasets import SYSUMM01


@pytest.fixture
def copy(sysu_root, tmp_path):
    shutil.copytree(sysu_root, tmp_path / "data")
    return tmp_path / "data"


def test_splits_cameras_and_modalities(sysu_root):
    data = SYSUMM01(str(sysu_root))
    assert {item[1] for item in data.train} == set(range(1, 9))  # train and val
    assert {item[1] for item in data.query} == {item[1] for item in data.gallery} == set(range(9, 31))
    assert {item[2] for item in data.query} == {3, 6} and {item[2] for item in data.gallery} == {1, 2, 4, 5}
    assert all(item.modality == (item.camid in (3, 6)) for item in data.train + data.query + data.gallery)
    assert len(data.train) == 8 * 12 and len(data.query) == 22 * 4 and len(data.gallery) == 22 * 8
    for item in data.train:
        assert item.img_path.endswith(f"cam{item.camid}/{item.pid:04d}/{item.number:04d}.jpg")


def test_the_validation_split_trains_on_train_and_reads_no_test_identity(copy):
    (copy / "SYSU-MM01" / "exp" / "test_id.txt").unlink()
    data = SYSUMM01(str(copy), split="val")
    assert {item[1] for item in data.train} == set(range(1, 7))
    assert {item[1] for item in data.query} == {item[1] for item in data.gallery} == {7, 8}
    assert {item[2] for item in data.query} == {3, 6} and {item[2] for item in data.gallery} == {1, 2, 4, 5}


def test_an_unknown_split_is_refused(sysu_root):
    with pytest.raises(InputError, match="DATASETS.SYSU.SPLIT 'train' is not one of test, val"):
        SYSUMM01(str(sysu_root), split="train")


def test_combining_all_keeps_modalities(sysu_root):
    data = SYSUMM01(str(sysu_root))
    data.combine_all()
    assert len(data.train) == 30 * 12 and all(item.has_modality for item in data.train)


def test_missing_root_is_named(tmp_path):
    with pytest.raises(InputError, match="SYSU-MM01 is missing.*FASTREID_DATASETS"):
        SYSUMM01(str(tmp_path))


@pytest.mark.parametrize("gone, named", [("exp/test_id.txt", "test_id.txt"), ("exp", "exp"), ("cam3", "cam3")])
def test_missing_parts_are_named(copy, gone, named):
    path = copy / "SYSU-MM01" / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(InputError, match=named):
        SYSUMM01(str(copy))


def test_an_identity_that_is_listed_twice_is_read_once(copy):
    (copy / "SYSU-MM01" / "exp" / "test_id.txt").write_text("9,9")
    assert len(SYSUMM01(str(copy)).query) == 4


def test_an_identity_without_images_is_named(copy):
    for camera in range(1, 7):
        shutil.rmtree(copy / "SYSU-MM01" / f"cam{camera}" / "0011")
    with pytest.raises(InputError, match="identities 11 "):
        SYSUMM01(str(copy))


def test_a_training_identity_without_infrared_images_is_named(copy):
    for camera in (3, 6):
        shutil.rmtree(copy / "SYSU-MM01" / f"cam{camera}" / "0004")
    with pytest.raises(InputError, match=r"4 \(no infrared\)"):
        SYSUMM01(str(copy))


def test_overlapping_splits_are_refused(copy):
    (copy / "SYSU-MM01" / "exp" / "val_id.txt").write_text("7,8,12")
    with pytest.raises(InputError, match="12 are in the training and in the test split"):
        SYSUMM01(str(copy))
