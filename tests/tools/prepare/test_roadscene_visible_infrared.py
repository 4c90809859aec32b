"""RoadScene-VI from made-up photographs."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import prepare_roadscene
from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation.sysu_splits import read_ids
from roadscene.photographs import THERMAL_FOLDER, VISIBLE_FOLDER, find_pairs
from roadscene.places import Place
from roadscene.visible_infrared import IMAGES, make_roadscene, split_by_photograph, split_photographs

HUES = ((200, 80, 80), (80, 200, 80), (80, 80, 200), (200, 200, 80), (200, 80, 200), (80, 200, 200))


def _photograph(path: Path, number: int, size: tuple[int, int] = (560, 320), mode: str = "RGB") -> None:
    """A flat photograph with a colour of its own, or a flat grey that tells its number."""
    grey = 60 + 20 * number
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, HUES[number % 6] if mode == "RGB" else grey).save(path, quality=95)


def _clone(root: Path, count: int = 6) -> Path:
    for number in range(count):
        _photograph(root / VISIBLE_FOLDER / f"FLIR_{number:05d}.jpg", number)
        _photograph(root / THERMAL_FOLDER / f"FLIR_{number:05d}.jpg", number, mode="L")
    return root


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("roadscene")
    assert make_roadscene(_clone(folder / "clone"), folder / "set")
    return folder / "set"


def test_images_of_every_camera(made: Path) -> None:
    counts = {camera: len(list(made.glob(f"cam{camera}/*/*.jpg"))) for camera in IMAGES}
    assert counts == {1: 72, 2: 72, 3: 108, 4: 18, 5: 18, 6: 72}  # 36 places, 360 images
    assert {path.name for path in made.glob("cam4/*")} == {f"{place:04d}" for place in range(2, 37, 2)}
    for camera, mode in ((2, "RGB"), (3, "L")):
        image = Image.open(made / f"cam{camera}" / "0001" / "0001.jpg")
        assert (image.size, image.mode) == ((64, 128), mode)


def test_no_photograph_is_in_two_splits(made: Path) -> None:
    places = {name: read_ids(made / "exp", f"{name}_id") for name in ("train", "val", "test")}
    assert {name: set(_photographs_shown(made, ids)) for name, ids in places.items()} == {
        "train": {0, 1, 2},
        "val": {3},
        "test": {4, 5},
    }
    assert sorted(sum(places.values(), [])) == list(range(1, 37))


def _photographs_shown(made: Path, places: list[int]) -> list[int]:
    """Tell by the colour of the first image of each place which photograph it was cut out of."""
    shown = []
    for place in places:
        pixel = np.asarray(Image.open(made / "cam1" / f"{place:04d}" / "0001.jpg"), dtype=float)[64, 32]
        shown.append(int(np.argmin([np.abs(pixel / pixel.sum() - np.array(hue) / sum(hue)).sum() for hue in HUES])))
    return shown


def test_both_modalities_of_a_place_are_of_one_photograph(made: Path) -> None:
    for place, number in enumerate(_photographs_shown(made, list(range(1, 37))), start=1):
        grey = np.mean([np.asarray(Image.open(path)) for path in made.glob(f"cam[36]/{place:04d}/*.jpg")])
        assert grey == pytest.approx(60 + 20 * number, rel=0.25)


@pytest.mark.parametrize("count", [3, 5, 23, 111, 221])
def test_split_shares(count: int) -> None:
    first_val, first_test = split_photographs(count)
    assert 0 < first_val < first_test < count
    if count > 100:
        assert np.allclose((first_val / count, first_test / count), (0.66, 0.74), atol=0.01)


def test_a_photograph_with_fewer_places_stays_in_one_split() -> None:
    places = [Place(number, photograph, (0.0, 0.0)) for number, photograph in enumerate((0, 0, 1, 2, 2, 2, 3), start=1)]
    split = split_by_photograph(places, 4)
    assert (split.train, split.val, split.test) == ((1, 2, 3), (4, 5, 6), (7,))


def test_validation_never_sees_a_test_photograph(made: Path, tmp_path: Path) -> None:
    make_roadscene(made.parent / "clone", tmp_path / "set", validation=True)
    places = {name: read_ids(tmp_path / "set" / "exp", f"{name}_id") for name in ("train", "val", "test")}
    shown = {name: set(_photographs_shown(tmp_path / "set", ids)) for name, ids in places.items()}
    assert shown == {"train": {0, 1}, "val": {2}, "test": {3}}


def test_same_photographs_and_seed_same_bytes(made: Path, tmp_path: Path) -> None:
    clone = made.parent / "clone"
    make_roadscene(clone, tmp_path / "again")
    make_roadscene(clone, tmp_path / "other", seed=1)
    files = [path.relative_to(made) for path in made.rglob("*") if path.is_file()]
    assert all((made / f).read_bytes() == (tmp_path / "again" / f).read_bytes() for f in files)
    assert any((made / f).read_bytes() != (tmp_path / "other" / f).read_bytes() for f in files if f.suffix == ".jpg")


def test_other_photographs_are_another_data_set(tmp_path: Path) -> None:
    clone = _clone(tmp_path / "clone", 4)
    assert make_roadscene(clone, tmp_path / "set")
    assert not make_roadscene(clone, tmp_path / "set")
    _photograph(clone / VISIBLE_FOLDER / "FLIR_00002.jpg", 5)
    with pytest.raises(InputError, match="other settings"):
        make_roadscene(clone, tmp_path / "set")


def test_every_unusable_photograph_is_named(tmp_path: Path) -> None:
    clone = _clone(tmp_path)
    visible, thermal = clone / VISIBLE_FOLDER, clone / THERMAL_FOLDER
    (thermal / "FLIR_00000.jpg").unlink()
    (visible / "FLIR_00001.jpg").unlink()
    (visible / "FLIR_00002.jpg").write_bytes((visible / "FLIR_00002.jpg").read_bytes()[:700])
    _photograph(thermal / "FLIR_00003.jpg", 3, (560, 310), "L")
    for folder in (visible, thermal):
        _photograph(folder / "FLIR_00004.jpg", 4, (180, 160))
    with pytest.raises(InputError) as caught:
        find_pairs(clone)
    message = str(caught.value)
    assert "\n" not in message and str(clone) in message
    for part in (
        "crop_LR_visible/FLIR_00000.jpg has no partner in cropinfrared",
        "cropinfrared/FLIR_00001.jpg has no partner in crop_LR_visible",
        "crop_LR_visible/FLIR_00002.jpg is not a readable image",
        "crop_LR_visible/FLIR_00003.jpg is 560 x 320 but cropinfrared/FLIR_00003.jpg is 560 x 310",
        "crop_LR_visible/FLIR_00004.jpg is 180 x 160, smaller than 192 x 128",
    ):
        assert part in message
    assert "FLIR_00005" not in message


def test_photographs_end_in_any_way_and_the_rest_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clone = _clone(tmp_path / "clone", 4)
    first = sorted((clone / VISIBLE_FOLDER).iterdir())[0]
    first.rename(first.with_suffix(".PNG"))
    (clone / THERMAL_FOLDER / "notes.txt").write_text("")
    (clone / THERMAL_FOLDER / "._x.jpg").write_text("")
    assert len(find_pairs(clone)) == 4
    assert f"left out 1, the first: {clone / THERMAL_FOLDER / 'notes.txt'}" in capsys.readouterr().err


def test_a_long_list_is_cut(tmp_path: Path) -> None:
    clone = _clone(tmp_path, 11)
    for path in (clone / THERMAL_FOLDER).iterdir():
        path.unlink()
    with pytest.raises(InputError, match="; and 3 more$"):
        find_pairs(clone)


def test_missing_folder_and_too_few_pairs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=VISIBLE_FOLDER):
        find_pairs(tmp_path)
    with pytest.raises(InputError, match="3 pairs"):
        make_roadscene(_clone(tmp_path / "clone", 3), tmp_path / "set")


def test_tool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clone = _clone(tmp_path / "clone", 4)
    prepare_roadscene.main([str(clone), str(tmp_path)])
    assert "24 identities (train 12, val 6, test 6), 240 images" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        prepare_roadscene.main([str(tmp_path), str(tmp_path)])
    assert capsys.readouterr().err.startswith("error: no folder")
