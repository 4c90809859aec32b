"""RoadScene-VI from made-up photographs."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import prepare_roadscene
from fastreid_mm.errors import InputError
from fastreid_mm.evaluation.sysu_splits import read_ids
from roadscene.crops import jittered_box
from roadscene.photographs import THERMAL_FOLDER, VISIBLE_FOLDER, find_pairs
from roadscene.visible_infrared import PLACES, STYLES, make_roadscene, split_by_photograph

COLUMN_GREYS = (60, 120, 180)


def _photograph(path: Path, number: int, size: tuple[int, int] = (240, 160), mode: str = "RGB") -> None:
    """Three flat columns, so that a crop tells its column, over a value that tells the photograph."""
    values = np.repeat(np.array(COLUMN_GREYS, dtype=np.uint8), -(-size[0] // 3))[: size[0]]
    image = Image.fromarray(np.tile(values + np.uint8(number), (size[1], 1))).convert(mode)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, quality=95)


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
    counts = {camera: len(list(made.glob(f"cam{camera}/*/*.jpg"))) for camera in STYLES}
    assert counts == {1: 36, 2: 36, 3: 54, 4: 9, 5: 9, 6: 36}
    assert {path.name for path in made.glob("cam4/*")} == {f"{place:04d}" for place in range(2, 19, 2)}
    for camera, mode in ((2, "RGB"), (3, "L")):
        image = Image.open(made / f"cam{camera}" / "0001" / "0001.jpg")
        assert (image.size, image.mode) == ((64, 128), mode)


def test_no_photograph_is_in_two_splits(made: Path) -> None:
    places = {name: read_ids(made / "exp", f"{name}_id") for name in ("train", "val", "test")}
    photographs = {name: {(place - 1) // PLACES for place in ids} for name, ids in places.items()}
    assert photographs == {"train": {0, 1, 2}, "val": {3}, "test": {4, 5}}
    assert sorted(sum(places.values(), [])) == list(range(1, 19))


def test_an_image_shows_its_own_column_only(made: Path) -> None:
    for camera in STYLES:
        for path in made.glob(f"cam{camera}/*/0001.jpg"):
            values = np.asarray(Image.open(path).convert("L"), dtype=float)
            number, column = divmod(int(path.parent.name) - 1, PLACES)
            low, high = (f * STYLES[camera].brightness * (COLUMN_GREYS[column] + number) for f in (0.91, 1.09))
            assert values.std() < 2 and low - 2 < values.mean() < high + 2


@pytest.mark.parametrize("count", [4, 5, 23, 111, 221])
def test_split_shares(count: int) -> None:
    split = split_by_photograph(count)
    assert split.identities == list(range(1, PLACES * count + 1))
    assert split.train and split.val and split.test
    if count > 100:
        shares = [len(part) / (PLACES * count) for part in (split.train, split.val, split.test)]
        assert np.allclose(shares, (0.66, 0.08, 0.26), atol=0.01)


@pytest.mark.parametrize("size", [(240, 160), (609, 459), (368, 178), (192, 128)])
def test_crops_stay_in_their_column_and_never_repeat(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    boxes = [(column, jittered_box(size, column, style, rng)) for column in range(3) for style in STYLES.values()]
    for column, (left, top, right, bottom) in boxes:
        assert column * size[0] / 3 - 1e-9 <= left < right <= (column + 1) * size[0] / 3 + 1e-9
        assert -1e-9 <= top < bottom <= size[1] + 1e-9
        assert bottom - top == pytest.approx(2 * (right - left))
    assert len({box for _, box in boxes}) == len(boxes)


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
    _photograph(clone / VISIBLE_FOLDER / "FLIR_00002.jpg", 30)
    with pytest.raises(InputError, match="other settings"):
        make_roadscene(clone, tmp_path / "set")


def test_every_unusable_photograph_is_named(tmp_path: Path) -> None:
    clone = _clone(tmp_path)
    visible, thermal = clone / VISIBLE_FOLDER, clone / THERMAL_FOLDER
    (thermal / "FLIR_00000.jpg").unlink()
    (visible / "FLIR_00001.jpg").unlink()
    (visible / "FLIR_00002.jpg").write_bytes((visible / "FLIR_00002.jpg").read_bytes()[:700])
    _photograph(thermal / "FLIR_00003.jpg", 3, (240, 150), "L")
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
        "crop_LR_visible/FLIR_00003.jpg is 240 x 160 but cropinfrared/FLIR_00003.jpg is 240 x 150",
        "crop_LR_visible/FLIR_00004.jpg is 180 x 160, smaller than 192 x 128",
    ):
        assert part in message
    assert "FLIR_00005" not in message


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
    assert "12 identities (train 6, val 3, test 3), 120 images" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        prepare_roadscene.main([str(tmp_path), str(tmp_path)])
    assert capsys.readouterr().err.startswith("error: no folder")
