import shutil

import pytest

from fastreid_mm.common.errors import InputError
from fastreid_mm.data.datasets import LLCM, Item
from fastreid_mm.data.datasets.published_counts import PUBLISHED
from tests.conftest import write_image


@pytest.fixture
def copy(llcm_root, tmp_path):
    shutil.copytree(llcm_root, tmp_path / "data")
    return tmp_path / "data"


def refusal(root):
    with pytest.raises(InputError) as caught:
        LLCM(str(root))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_lists_cameras_and_modalities(llcm_root):
    data = LLCM(str(llcm_root))
    assert len(data.train) == 6 * 2 * 2 and {item[1] for item in data.train} == set(range(6))
    assert {item[2:4] for item in data.train} == {(0, 0), (0, 1)}
    assert {item[2:4] for item in data.query} == {(camera, 1) for camera in (1, 2, 4, 5, 6, 7, 8, 9)}
    assert {item[2:4] for item in data.gallery} == {(camera, 0) for camera in range(1, 10)}
    assert {item[1] for item in data.query} == {item[1] for item in data.gallery} == set(range(7, 15))
    assert (len(data.query), len(data.gallery)) == (2 * (8 * 3 - 2), 2 * 8 * 3)
    folder = llcm_root / "LLCM"
    assert data.train[0][0] == str(folder / "train_vis/0000/1.jpg")
    assert data.gallery[0] == Item(str(folder / "test_vis/cam1/0008/1.jpg"), 8, 1, 0)
    assert data.query[0] == Item(str(folder / "test_nir/cam1/0008/1.jpg"), 8, 1, 1)
    data.combine_all()
    assert len(data.train) == 24 + 44 + 48 and len({item[1] for item in data.train}) == 14


def test_an_infrared_camera_3_is_not_read(copy):
    write_image(copy / "LLCM" / "test_nir" / "cam3" / "0009" / "1.jpg", 1)
    assert 3 not in {item[2] for item in LLCM(str(copy)).query}


@pytest.mark.parametrize(
    "gone, named",
    [
        ("", "LLCM is missing; set FASTREID_DATASETS"),
        ("idx", "idx is missing"),
        ("idx/train_nir.txt", "train_nir.txt is missing"),
        ("idx/test_id.txt", "idx/test_id.txt"),
        ("test_vis", "test_vis is missing"),
        ("test_nir/cam9", "test_nir/cam9 is missing"),
        ("train_vis/0003/2.jpg", "train_vis/0003/2.jpg of .*train_vis.txt:8 is missing"),
    ],
)
def test_missing_parts_are_named(copy, gone, named):
    path = copy / "LLCM" / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(InputError, match=named):
        LLCM(str(copy))


@pytest.mark.parametrize(
    "name, text, words",
    [
        ("train_vis", "train_vis/0000/1.jpg\n", "train_vis.txt:1 is not 'relative/path label': 'train_vis/0000/1.jpg'"),
        ("train_nir", "\n", "train_nir.txt is empty"),
        ("train_nir", "../../secret.jpg 0\n", "train_nir.txt:1 leads out of"),
        ("train_nir", "train_nir/0000/1.jpg 0\n", "identities without images of both modalities: 1 (no infrared)"),
        ("test_id", "7,eight\n", "not a list of integer identities: "),
        ("test_id", "7,99\n", "LLCM: identities 99 of the split files have no image under "),
    ],
)
def test_broken_lists_are_named(copy, name, text, words):
    (copy / "LLCM" / "idx" / f"{name}.txt").write_text(text)
    assert words in refusal(copy)


def test_a_copy_with_other_counts_is_told_from_the_published_set(copy, warnings, monkeypatch):
    paper = PUBLISHED["LLCM"]
    monkeypatch.setitem(PUBLISHED, "LLCM", dict(zip(paper, (6, 12, 12, 8, 44, 48, 9))))
    LLCM(str(copy))
    assert not warnings
    monkeypatch.setitem(PUBLISHED, "LLCM", paper | {"test identities": 8})
    LLCM(str(copy))
    (message,) = [record.getMessage() for record in warnings]
    assert "LLCM is not the set as it was published: 6 training identities (713), 12 visible training" in message
    assert "44 query images (7,166), 48 gallery images (8,680);" in message
    assert "test identities" not in message
