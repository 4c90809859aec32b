"""Data sets of toy people: the layouts, the seed and the command line."""

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import make_toy_data
from fastreid_mm.common.errors import InputError
from toy_people.datasets import make_toy_regdb, make_toy_sysu, toy_sysu_split


def _tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_sysu_set(tmp_path: Path) -> None:
    assert make_toy_sysu(tmp_path / "a", 4, 2, seed=1)
    assert not make_toy_sysu(tmp_path / "a", 4, 2, seed=1)
    make_toy_sysu(tmp_path / "b", 4, 2, seed=1)
    make_toy_sysu(tmp_path / "c", 4, 2, seed=2)
    assert _tree(tmp_path / "a") == _tree(tmp_path / "b")
    image = "cam3/0004/0002.jpg"
    assert _tree(tmp_path / "a")[image] != _tree(tmp_path / "c")[image]
    assert len(list((tmp_path / "a").glob("cam?/*/*.jpg"))) == 4 * 6 * 2


def test_sysu_split_sizes() -> None:
    split = toy_sysu_split(90)
    assert [len(part) for part in (split.train, split.val, split.test)] == [50, 10, 30]
    assert toy_sysu_split(3).identities == [1, 2, 3] and len(toy_sysu_split(3).train) == 1
    full = toy_sysu_split((296, 99, 96))
    assert (full.train[-1], full.val, full.test) == (296, tuple(range(297, 396)), tuple(range(396, 492)))


def test_regdb_set(tmp_path: Path) -> None:
    assert make_toy_regdb(tmp_path / "a", 2, seed=1)
    make_toy_regdb(tmp_path / "b", 2, seed=1)
    assert _tree(tmp_path / "a") == _tree(tmp_path / "b")
    assert len(list((tmp_path / "a").glob("*/*/*.bmp"))) == 2 * 2 * 10
    assert Image.open(tmp_path / "a" / "Thermal" / "2" / "thermal_10.bmp").size == (64, 128)


@pytest.mark.parametrize(
    "arguments",
    [{"identities": 2}, {"identities": 1001}, {"identities": (2, 1, 0)}, {"images_per_camera": 0}, {"seed": -1}],
)
def test_numbers_out_of_range_are_named(tmp_path: Path, arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"got {re.escape(str(next(iter(arguments.values()))))}"):
        make_toy_sysu(tmp_path / "s", **arguments)
    assert not (tmp_path / "s").exists()


def test_tool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "--layout",
        "SYSU-MM01",
        "RegDB",
        "--root",
        str(tmp_path),
        "--identities",
        "3",
        "--images-per-camera",
        "1",
    ]
    make_toy_data.main(arguments)
    assert "3 identities (train 1, val 1, test 1), 18 images" in (output := capsys.readouterr().out)
    assert "3 identities, 30 Visible images, 30 Thermal images" in output
    make_toy_data.main(arguments)
    assert capsys.readouterr().out.count("already there:") == 2
    with pytest.raises(SystemExit, match="2"):
        make_toy_data.main([*arguments, "--seed", "9"])
    assert capsys.readouterr().err.startswith(f"error: {tmp_path / 'SYSU-MM01'} holds")


def test_tool_takes_the_sizes_of_the_three_splits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--root", str(tmp_path), "--images-per-camera", "1", "--identities", "2", "1", "1"]
    make_toy_data.main(arguments)
    assert "4 identities (train 2, val 1, test 1), 24 images" in capsys.readouterr().out
    for wrong in (["--identities", "2", "1"], ["--layout", "RegDB"]):
        with pytest.raises(SystemExit, match="2"):
            make_toy_data.main([*arguments, *wrong])
        assert capsys.readouterr().err.startswith("error: --identities takes one number")
