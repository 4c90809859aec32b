import shutil

import pytest

from fastreid_mm.common.errors import InputError
from fastreid_mm.data.datasets import MSVR310
from tests.conftest import write_image


@pytest.fixture
def copy(msvr310_root, tmp_path):
    shutil.copytree(msvr310_root, tmp_path / "data")
    return tmp_path / "data"


def test_vehicles_scenes_and_views(msvr310_root):
    data = MSVR310(str(msvr310_root))
    assert data.modalities == ("RGB", "NIR", "TIR") and data.protocol == "msvr310"
    assert (len(data.train), len(data.query), len(data.gallery)) == (6 * 3, 8, 8 * 3)
    item = data.gallery[4]
    folder = msvr310_root / "MSVR310" / "bounding_box_test" / "0008"
    names = [str(folder / modality / "0008_s002_v1_001.jpg") for modality in ("vis", "ni", "th")]
    assert item[:3] == (names[0], 8, 1) and item.files == names
    assert item.scene == 2
    assert {item.camid for item in data.gallery} == {0, 1, 2} and {item.scene for item in data.query} == {1}


def test_two_modalities_in_any_order(msvr310_root):
    data = MSVR310(str(msvr310_root), modalities=("TIR", "RGB"))
    assert [source.path.split("/")[-2] for source in data.query[0].sources] == ["th", "vis"]
    with pytest.raises(InputError, match="MSVR310's RGB, NIR, TIR"):
        MSVR310(str(msvr310_root), modalities=("vis", "ni"))


@pytest.mark.parametrize("part", ["", "bounding_box_train", "query3", "bounding_box_test"])
def test_missing_folders_are_named(copy, part):
    shutil.rmtree(copy / "MSVR310" / part)
    with pytest.raises(InputError, match=f"MSVR310/?{part} is missing"):
        MSVR310(str(copy))


def test_misnamed_files_are_named(copy):
    folder = copy / "MSVR310" / "query3" / "0007" / "vis"
    wrong = ("0008_s001_v0_001.jpg", "0007_s001_v8_001.jpg", "0007_s_v0_001.jpg", "0007_v0.jpg")
    for name in wrong:  # another vehicle's, no such view, a scene without a number, no scene
        write_image(folder / name, 1)
    with pytest.raises(InputError) as caught:
        MSVR310(str(copy))
    for name in wrong:
        assert f"{folder / name} is not named like 0001/vis/0001_s001_v0_001.jpg" in str(caught.value)
    assert "\n" not in str(caught.value) and str(caught.value).count(";") == 3


def test_a_sample_without_a_modality_is_tested_and_not_trained_on(copy):
    shutil.rmtree(copy / "MSVR310" / "bounding_box_train" / "0001" / "th")
    (copy / "MSVR310" / "query3" / "0007" / "ni" / "0007_s001_v0_001.jpg").unlink()
    data = MSVR310(str(copy))
    assert {item[1] for item in data.train} == set(range(2, 7)) and data.query[0].sources[1] is None
    with pytest.raises(InputError, match=r"0001/th/0001_s001_v0_001.jpg is missing.*0007/ni/0007_s001_v0_001.jpg"):
        MSVR310(str(copy), complete=True)


def test_a_copy_with_other_counts_is_told_from_the_published_set(copy, warnings):
    MSVR310(str(copy))
    (message,) = [record.getMessage() for record in warnings]
    assert "6 training identities (155), 18 training images (1,032), 8 query identities (52)" in message
    assert "8 query images (591), 24 gallery images (1,055)" in message
