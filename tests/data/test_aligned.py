"""Aligned data sets: their layouts, and everything that can be wrong with their files."""

import shutil

import pytest
from PIL import Image

from fastreid_mm.common.errors import InputError
from fastreid_mm.data.datasets import RGBN300, RGBNT100, RGBNT201, Market1501MM
from tests.conftest import write_image, write_strip


@pytest.fixture
def people(rgbnt201_root, tmp_path):
    shutil.copytree(rgbnt201_root, tmp_path / "people")
    return tmp_path / "people"


@pytest.fixture
def vehicles(rgbn300_root, tmp_path):
    shutil.copytree(rgbn300_root, tmp_path / "vehicles")
    return tmp_path / "vehicles"


@pytest.fixture
def market(tmp_path):
    for part, names in {
        "train": ("0002_c1s1_000451_03", "0007_c6s3_077419_03"),
        "query": ("0001_c1s1_001051_00",),
        "gallery": ("-1_c1s1_000401_03", "0000_c2s1_000151_01", "0001_c5s1_001051_00"),
    }.items():
        for name in names:
            for modality in ("RGB", "NI", "TI"):
                write_image(tmp_path / "Market1501-MM" / part / modality / f"{name}.jpg", 1)
    return tmp_path


def refusal(dataset, root, **options):
    with pytest.raises(InputError) as caught:
        dataset(str(root), **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_rgbnt201(rgbnt201_root):
    data = RGBNT201(str(rgbnt201_root))
    assert data.modalities == ("RGB", "NI", "TI") and data.protocol == "market"
    assert {item[1] for item in data.train} == set(range(1, 7)) and len(data.train) == 6 * 4
    assert data.query == data.gallery and {item[1] for item in data.query} == set(range(7, 15))
    path, pid, camera, modality, sources, *more = data.train[2]
    assert path == str(rgbnt201_root / "RGBNT201" / "train_171" / "RGB" / "000001_cam2_0_00.jpg") == sources[0].path
    assert (pid, camera, modality, more) == (1, 1, None, [None, None]) and [source.box for source in sources] == [
        None
    ] * 3
    assert [source.path.split("/")[-2] for source in sources] == ["RGB", "NI", "TI"]


def test_market1501_mm_keeps_distractors_and_skips_junk(market):
    data = Market1501MM(str(market))
    assert [item[1:3] for item in data.train] == [(2, 0), (7, 5)] and [item[1:3] for item in data.query] == [(1, 0)]
    assert [item[1:3] for item in data.gallery] == [(0, 1), (1, 4)]
    data.combine_all()
    assert [item[1] for item in data.train] == [2, 7, 9, 9]  # distractors are nobody in particular


def test_market1501_mm_without_thermal_images_says_how_to_go_on(market):
    for part in ("train", "query", "gallery"):
        shutil.rmtree(market / "Market1501-MM" / part / "TI")
    message = refusal(Market1501MM, market)
    assert "train/TI is missing" in message and "DATASETS.ALIGNED.MODALITIES \"('RGB', 'NI')\"" in message
    assert len(Market1501MM(str(market), modalities=("RGB", "NI")).train[0].sources) == 2


def test_rgbn300(rgbn300_root):
    data = RGBN300(str(rgbn300_root))
    assert (len(data.train), len(data.query), len(data.gallery)) == (6 * 4, 8, 8 * 3)
    assert {item[2] for item in data.query} == {0} and {item[2] for item in data.gallery} == {1, 2, 3}
    path = data.query[0].img_path
    assert path.endswith("rgbir/query/0007_c001_00.jpg")
    assert data.query[0].sources == ((path, (0, 0, 256, 128)), (path, (256, 0, 512, 128)))


def test_rgbnt100_has_a_third_tile(rgbn300_root, tmp_path):
    shutil.copytree(rgbn300_root / "RGBN300", tmp_path / "RGBNT100")
    write_strip(tmp_path / "RGBNT100" / "rgbir" / "query" / "-1_c001_00.jpg", 1)
    data = RGBNT100(str(tmp_path), modalities=("TIR", "RGB"))
    assert [source.box for source in data.query[0].sources] == [(512, 0, 768, 128), (0, 0, 256, 128)]
    assert len(data.query) == 8  # without the false detection


def test_modalities_are_any_two_or_more_in_any_order(rgbnt201_root):
    data = RGBNT201(str(rgbnt201_root), modalities=("TI", "RGB"))
    assert data.modalities == ("TI", "RGB") and "/TI/" in data.train[0][0]
    for wrong in (("RGB",), ("RGB", "RGB"), ("RGB", "ti"), ("RGB", "NI", "TI", "NIR")):
        assert "RGBNT201's RGB, NI, TI" in refusal(RGBNT201, rgbnt201_root, modalities=wrong)


def test_combining_all_counts_a_test_sample_once_and_people_apart(rgbnt201_root):
    data = RGBNT201(str(rgbnt201_root))
    data.combine_all()
    assert len(data.train) == 14 * 4 and len({item[1] for item in data.train}) == 14
    assert all(len(item.sources) == 3 for item in data.train)


def test_everything_wrong_with_folders_is_named_at_once(people):
    train, test = people / "RGBNT201" / "train_171", people / "RGBNT201" / "test"
    (train / "NI" / "000001_cam1_0_00.jpg").unlink()
    (train / "RGB" / "000002_cam1_0_00.jpg").unlink()
    Image.new("RGB", (16, 30)).save(train / "TI" / "000003_cam1_0_00.jpg")
    (test / "TI" / "000007_cam1_0_00.jpg").write_bytes(b"no image")
    write_image(test / "NI" / "x7_cam1_0_00.jpg", 1)
    write_image(test / "RGB" / "000008_c1_0_00.jpg", 1)
    message = refusal(RGBNT201, people, complete=True)
    for part in (
        f"{train}/NI/000001_cam1_0_00.jpg is missing",
        f"{train}/RGB/000002_cam1_0_00.jpg is missing",
        f"different sizes: {train}/RGB/000003_cam1_0_00.jpg is 16 x 32, {train}/NI/000003_cam1_0_00.jpg is 16 x 32, "
        f"{train}/TI/000003_cam1_0_00.jpg is 16 x 30",
        f"{test}/TI/000007_cam1_0_00.jpg is not a readable image",
        f"{test}/NI/x7_cam1_0_00.jpg is not named like 000001_cam1_0_00.jpg",
        f"{test}/RGB/000008_c1_0_00.jpg is not named like",
    ):
        assert part in message
    assert message.count(";") == 5
    RGBNT201(str(put_right(people)), modalities=("RGB", "NI"))


def put_right(people):
    """Put right what concerns RGB and NI, so that the broken thermal files do not matter."""
    train, test = people / "RGBNT201" / "train_171", people / "RGBNT201" / "test"
    write_image(train / "NI" / "000001_cam1_0_00.jpg", 1)
    write_image(train / "RGB" / "000002_cam1_0_00.jpg", 1)
    (test / "NI" / "x7_cam1_0_00.jpg").unlink()
    (test / "RGB" / "000008_c1_0_00.jpg").unlink()
    return people


def test_everything_wrong_with_strips_is_named_at_once(vehicles):
    folder = vehicles / "RGBN300" / "rgbir" / "query"
    for name, size in (
        ("0007_c001_00.jpg", (256, 128)),
        ("0008_c001_00.jpg", (768, 100)),
        ("0009_c001_00.jpg", (700, 128)),
        ("0010_c001_00.jpg", (512, 128)),
        ("0011_c9.jpg", (768, 128)),
    ):
        Image.new("RGB", size).save(folder / name)
    (folder / "0012_c001_00.jpg").write_bytes(b"")
    message = refusal(RGBN300, vehicles)
    for part in (
        "0007_c001_00.jpg is 256 x 128, not a strip of 2 or more tiles of 256 x 128",
        "0008_c001_00.jpg is",
        "0009_c001_00.jpg is",
        "0011_c9.jpg is not named like 0001_c001_00.jpg",
        "0012_c001_00.jpg is not a readable image",
    ):
        assert f"{folder}/{part}" in message
    assert "0010" not in message and message.count(";") == 4


def test_a_long_list_is_cut(people):
    for path in (people / "RGBNT201" / "train_171" / "NI").iterdir():
        path.unlink()
    message = refusal(RGBNT201, people, complete=True)
    assert message.count("is missing") == 20 and message.endswith("; and 4 more")


@pytest.mark.parametrize("gone", ["", "test", "train_171/TI"])
def test_missing_folders_are_named(people, gone):
    shutil.rmtree(people / "RGBNT201" / gone)
    assert f"RGBNT201/{gone}".rstrip("/") in refusal(RGBNT201, people)


def test_an_empty_folder_is_named(vehicles):
    folder = vehicles / "RGBN300" / "rgbir" / "query"
    for path in folder.iterdir():
        path.rename(path.with_suffix(".gz"))
    assert "query has no samples" in refusal(RGBN300, vehicles)
