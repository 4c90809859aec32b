"""SYSU-MM01's and RegDB's folders, to the letter."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_folders.regdb import write_regdb
from data_folders.sysu_mm01 import SysuSplit, write_sysu
from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation.sysu_splits import read_ids, read_permutation

SPLIT = SysuSplit(train=(1, 3), val=(2,), test=(12,))
COUNTS = {(1, 1): 2, (3, 1): 1, (2, 2): 3, (6, 2): 1, (4, 3): 1, (3, 3): 2, (5, 12): 4, (6, 12): 5}


def _sysu_images():
    for (camera, identity), count in COUNTS.items():
        for n in range(count):
            yield camera, identity, Image.new("RGB", (4, 8), (10 * camera, identity, 50 * n))


def _regdb_images(identities=range(1, 8), count=3):
    for identity in identities:
        for modality in ("visible", "thermal"):
            for _ in range(count):
                yield modality, identity, Image.new("RGB" if modality == "visible" else "L", (4, 8))


def _files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_sysu_paths(tmp_path: Path) -> None:
    assert write_sysu(tmp_path / "s", _sysu_images(), SPLIT, {})
    images = {f"cam{c}/{i:04d}/{n:04d}.jpg" for (c, i), count in COUNTS.items() for n in range(1, count + 1)}
    lists = {f"exp/{name}_id.txt" for name in ("train", "val", "test", "available")}
    assert _files(tmp_path / "s") == images | lists | {"exp/rand_perm_cam.mat", "made.json"}


def test_sysu_identity_lists(tmp_path: Path) -> None:
    write_sysu(tmp_path, _sysu_images(), SPLIT, {})
    assert (tmp_path / "exp" / "available_id.txt").read_text() == "1,2,3,12\n"
    assert [read_ids(tmp_path / "exp", f"{name}_id") for name in ("train", "val", "test")] == [[1, 3], [2], [12]]


def test_sysu_permutations_cover_every_image_ten_times(tmp_path: Path) -> None:
    write_sysu(tmp_path, _sysu_images(), SPLIT, {})
    trials = read_permutation(tmp_path / "exp" / "rand_perm_cam.mat")
    assert trials.keys() == COUNTS.keys()
    for key, rows in trials.items():
        assert rows.shape == (10, COUNTS[key])
        assert np.array_equal(np.sort(rows, axis=1), np.tile(np.arange(1, COUNTS[key] + 1), (10, 1)))
    assert len(np.unique(trials[6, 12], axis=0)) > 1


def test_sysu_bytes_depend_on_the_seed_alone(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_sysu(tmp_path / name, _sysu_images(), SPLIT, {}, seed)
    files = _files(tmp_path / "a")
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)
    one, other = (read_permutation(tmp_path / name / "exp" / "rand_perm_cam.mat")[6, 12] for name in "ac")
    assert not np.array_equal(one, other)


def test_a_matlab_file_tells_no_time(tmp_path: Path) -> None:
    write_sysu(tmp_path, _sysu_images(), SPLIT, {})
    assert b"Created" not in (tmp_path / "exp" / "rand_perm_cam.mat").read_bytes()[:128]


def test_sysu_is_not_drawn_twice(tmp_path: Path) -> None:
    write_sysu(tmp_path, _sysu_images(), SPLIT, {"k": 1})
    unread = _sysu_images()
    assert not write_sysu(tmp_path, unread, SPLIT, {"k": 1})
    assert len(list(unread)) == sum(COUNTS.values())


@pytest.mark.parametrize("split", [SysuSplit((1, 3), (2,), ()), SysuSplit((1, 3), (2,), (11, 12))])
def test_sysu_split_must_match_the_images(tmp_path: Path, split: SysuSplit) -> None:
    with pytest.raises(InputError, match="identity 1[12] "):
        write_sysu(tmp_path / "s", _sysu_images(), split, {})
    assert not (tmp_path / "s").exists()


def test_splits_share_no_identity() -> None:
    with pytest.raises(InputError, match="identity 2 "):
        SysuSplit((1, 2), (2,), (3,))
    with pytest.raises(InputError, match="identity 10000 "):
        SysuSplit((1,), (2,), (10000,))


def _lines(root: Path, half: str, modality: str, trial: int) -> list[tuple[str, int]]:
    rows = [line.split(" ") for line in (root / "idx" / f"{half}_{modality}_{trial}.txt").read_text().splitlines()]
    return [(path, int(label)) for path, label in rows]


def test_regdb_paths(tmp_path: Path) -> None:
    assert write_regdb(tmp_path, _regdb_images(), {})
    images = {
        f"{m.capitalize()}/{i}/{m}_{n:02d}.bmp" for m in ("visible", "thermal") for i in range(1, 8) for n in (1, 2, 3)
    }
    idx = {f"idx/{h}_{m}_{t}.txt" for h in ("train", "test") for m in ("visible", "thermal") for t in range(1, 11)}
    assert _files(tmp_path) == images | idx | {"made.json"}


def test_regdb_halves(tmp_path: Path) -> None:
    write_regdb(tmp_path, _regdb_images(), {})
    trains = set()
    for trial in range(1, 11):
        people = {}
        for half, size in (("train", 3), ("test", 4)):
            visible, thermal = (_lines(tmp_path, half, modality, trial) for modality in ("visible", "thermal"))
            assert [label for _, label in visible] == [label for label in range(size) for _ in range(3)]
            assert [p.replace("Visible", "Thermal").replace("visible", "thermal") for p, _ in visible] == [
                p for p, _ in thermal
            ]
            assert all((tmp_path / path).is_file() for path, _ in visible + thermal)
            people[half] = {path.split("/")[1] for path, _ in visible}
            assert len(people[half]) == size
        assert not people["train"] & people["test"]
        trains.add(frozenset(people["train"]))
    assert len(trains) > 1


def test_regdb_needs_two_identities(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="got 1"):
        write_regdb(tmp_path / "r", _regdb_images([1]), {})
