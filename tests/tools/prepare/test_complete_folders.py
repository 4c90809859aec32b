"""A folder is complete, or it is not there."""

import json
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from data_folders.complete import MARKER, fingerprint, make_folder, save_image
from fastreid_mm.common.errors import InputError

RECIPE = {"maker": "test", "sizes": (1, 2)}


def _fill(folder: Path) -> None:
    (folder / "a").mkdir()
    (folder / "a" / "1.txt").write_text("one")


def _never(folder: Path) -> None:
    raise AssertionError("an identical result must not be made again")


def test_makes_once(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "set"
    assert make_folder(root, RECIPE, _fill) is True
    assert json.loads((root / MARKER).read_text())["files"] == 2
    assert make_folder(root, RECIPE, _never) is False
    assert [path.name for path in root.parent.iterdir()] == ["set"]


def test_what_a_system_leaves_behind_hides_no_lost_file(tmp_path: Path) -> None:
    root = tmp_path / "set"
    make_folder(root, RECIPE, _fill)
    (root / "Thumbs.db").write_text("")
    assert not make_folder(root, RECIPE, _never)
    (root / "a" / "1.txt").unlink()
    with pytest.raises(InputError, match="was made with 2 files and now holds 1"):
        make_folder(root, RECIPE, _never)


def test_fills_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    assert make_folder(tmp_path / "set", RECIPE, _fill)
    assert (tmp_path / "set" / "a" / "1.txt").is_file()


def test_fills_the_working_directory_by_its_short_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "set").mkdir()
    monkeypatch.chdir(tmp_path / "set")
    assert make_folder(Path("."), RECIPE, _fill)
    assert (tmp_path / "set" / MARKER).is_file()


def test_refuses_a_foreign_folder_and_leaves_it_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match=str(tmp_path)):
        make_folder(tmp_path, RECIPE, _never)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_refuses_a_half_made_folder(tmp_path: Path) -> None:
    _fill(tmp_path)
    with pytest.raises(InputError, match="not finished"):
        make_folder(tmp_path, RECIPE, _never)


@pytest.mark.parametrize("content", ["", "[]", "{}", "\x00"])
def test_refuses_a_broken_marker(tmp_path: Path, content: str) -> None:
    (tmp_path / MARKER).write_text(content)
    with pytest.raises(InputError, match="not finished"):
        make_folder(tmp_path, RECIPE, _never)


def test_refuses_other_settings_and_names_them(tmp_path: Path) -> None:
    make_folder(tmp_path / "set", {"seed": 41}, _fill)
    with pytest.raises(InputError, match='"seed": 41'):
        make_folder(tmp_path / "set", {"seed": 42}, _never)


def test_notices_lost_files_but_not_added_ones(tmp_path: Path) -> None:
    make_folder(tmp_path / "set", RECIPE, _fill)
    (tmp_path / "set" / "cache.npy").write_bytes(b"")
    assert not make_folder(tmp_path / "set", RECIPE, _never)
    (tmp_path / "set" / "cache.npy").unlink()
    (tmp_path / "set" / "a" / "1.txt").unlink()
    with pytest.raises(InputError, match="2 files and now holds 1"):
        make_folder(tmp_path / "set", RECIPE, _never)


def test_a_run_cut_short_leaves_nothing(tmp_path: Path) -> None:
    def interrupted(folder: Path) -> None:
        _fill(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_folder(tmp_path / "set", RECIPE, interrupted)
    assert not list(tmp_path.iterdir())
    assert make_folder(tmp_path / "set", RECIPE, _fill)


def test_names_a_path_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"):
        make_folder(tmp_path / "file", RECIPE, _fill)
    with pytest.raises(InputError, match="file"):
        make_folder(tmp_path / "file" / "set", RECIPE, _fill)


def test_a_fingerprint_tells_bytes_names_and_folders_apart(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a/1.jpg", "a/2.jpg", "b/1.jpg", "c/a/1.jpg")]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"one")
    first, name, folder, same = (fingerprint([path]) for path in paths)
    assert first == same and len({first, name, folder}) == 3
    paths[0].write_bytes(b"two")
    assert fingerprint(paths[:1]) != first


@pytest.mark.parametrize("suffix, most", [("bmp", 0), ("png", 0), ("jpg", 6)])
def test_an_image_is_written_in_the_format_of_its_name(tmp_path: Path, suffix: str, most: int) -> None:
    image = Image.linear_gradient("L").resize((16, 32))
    save_image(image, tmp_path / "new" / "folder" / f"image.{suffix}")
    read = Image.open(tmp_path / "new" / "folder" / f"image.{suffix}")
    assert read.size == (16, 32) and ImageChops.difference(read, image).getextrema()[1] <= most
