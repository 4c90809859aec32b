"""RoadScene's photographs in the layouts of RGBNT201 and RGBN300, from made-up photographs."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import prepare_roadscene
from fastreid_mm.common.errors import InputError
from fastreid_mm.data.datasets import RGBN300, RGBNT201
from roadscene.aligned import CAMERAS, first_test_photograph, make_rgbn300, make_rgbnt201
from roadscene.photographs import THERMAL_FOLDER, VISIBLE_FOLDER


def _ramp(path: Path, start: int, end: int, mode: str) -> None:
    """Grey values that grow evenly from left to right, so that a crop tells where it was taken."""
    values = np.linspace(start, end, 560).round().astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.tile(values, (320, 1))).convert(mode).save(path, quality=95)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("clone")
    for number in range(6):
        _ramp(root / VISIBLE_FOLDER / f"FLIR_{number:05d}.jpg", 20, 200, "RGB")
        _ramp(root / THERMAL_FOLDER / f"FLIR_{number:05d}.jpg", 200, 20, "L")
    return root


@pytest.fixture(scope="module")
def made(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made")
    assert make_rgbnt201(clone, root / "RGBNT201") and make_rgbn300(clone, root / "RGBN300")
    return root


def test_rgbnt201_loads_and_no_photograph_is_in_both_parts(made: Path) -> None:
    data = RGBNT201(str(made))
    assert {(item[1] - 1) // 6 for item in data.train} == {0, 1, 2, 3}
    assert {(item[1] - 1) // 6 for item in data.query} == {4, 5} and data.query == data.gallery
    assert len(data.train) == 4 * 6 * 4 and {item[2] for item in data.train} == {0, 1, 2, 3}
    assert Image.open(data.train[0][0]).size == (64, 128)


def test_rgbn300_loads_and_no_photograph_is_in_both_parts(made: Path) -> None:
    data = RGBN300(str(made))
    assert {(item[1] - 1) // 6 for item in data.train} == {0, 1, 2, 3}
    assert {(item[1] - 1) // 6 for item in data.query + data.gallery} == {4, 5}
    assert [item[1:3] for item in data.query] == [(pid, 0) for pid in range(25, 37)]
    assert len(data.gallery) == 12 * 3 and {item[2] for item in data.gallery} == {1, 2, 3}
    assert Image.open(data.train[0][0]).size == (768, 128)


def _columns(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L"), dtype=float).mean(0)


def test_the_modalities_of_a_sample_are_one_crop(made: Path) -> None:
    strips = [Image.open(item[0]) for item in RGBN300(str(made)).train]
    samples = [[strip.crop((left, 0, left + 256, 128)) for left in (0, 512, 256)] for strip in strips]
    samples += [[Image.open(source.path) for source in item.sources] for item in RGBNT201(str(made)).train]
    for sample in samples:
        dark, grey, thermal = (_columns(image) for image in sample)
        assert np.corrcoef(dark, grey)[0, 1] > 0.95 and np.corrcoef(grey, thermal)[0, 1] < -0.95
        assert 0.23 < dark.mean() / grey.mean() < 0.68  # 0.4, each exposed for itself


def test_near_infrared_of_a_strip_is_read_from_the_thermal_photograph(made: Path) -> None:
    for rgb, nir in (item.sources for item in RGBN300(str(made)).train):
        visible, thermal = (_columns(Image.open(source.path).crop(source.box)) for source in (rgb, nir))
        assert np.polyfit(range(256), visible, 1)[0] > 0 > np.polyfit(range(256), thermal, 1)[0]


def test_validation_is_made_of_training_photographs(clone: Path, tmp_path: Path) -> None:
    assert make_rgbn300(clone, tmp_path / "RGBN300", validation=True)
    data = RGBN300(str(tmp_path))
    assert {(item[1] - 1) // 6 for item in data.train} == {0, 1, 2}
    assert {(item[1] - 1) // 6 for item in data.query} == {3}  # 4 and 5 are for testing


def test_cameras_see_a_place_differently(made: Path) -> None:
    images = [
        (made / "RGBNT201" / "train_171" / "TI" / f"000001_cam{camera}_0_00.jpg").read_bytes() for camera in CAMERAS
    ]
    assert len(set(images)) == 4


def test_a_third_is_for_testing() -> None:
    assert [first_test_photograph(count) for count in (4, 6, 111, 221)] == [3, 4, 74, 147]


def test_same_photographs_and_seed_same_bytes(made: Path, clone: Path, tmp_path: Path) -> None:
    make_rgbn300(clone, tmp_path / "again")
    make_rgbn300(clone, tmp_path / "other", seed=1)
    files = [path.relative_to(made / "RGBN300") for path in (made / "RGBN300").rglob("*") if path.is_file()]
    assert all((made / "RGBN300" / f).read_bytes() == (tmp_path / "again" / f).read_bytes() for f in files)
    assert any((made / "RGBN300" / f).read_bytes() != (tmp_path / "other" / f).read_bytes() for f in files)
    assert not make_rgbn300(clone, tmp_path / "again")
    with pytest.raises(InputError, match="other settings"):
        make_rgbnt201(clone, tmp_path / "again")
    with pytest.raises(InputError, match="negative"):
        make_rgbn300(clone, tmp_path / "negative", seed=-1)


def test_tool(clone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepare_roadscene.main([str(clone), str(tmp_path), "--layout", "RGBNT201"])
    assert "made: " in (output := capsys.readouterr().out) and "36 identities, 432 files" in output
    assert "test/NI 48, test/RGB 48, test/TI 48, train_171/NI 96" in output
    prepare_roadscene.main([str(clone), str(tmp_path), "--layout", "RGBN300"])
    assert "36 identities, 144 files" in (output := capsys.readouterr().out) and "rgbir/query 12" in output
    with pytest.raises(SystemExit, match="2"):
        prepare_roadscene.main([str(clone), str(tmp_path), "--layout", "RGBN300", "--seed", "3"])
    assert capsys.readouterr().err.startswith("error: ")
