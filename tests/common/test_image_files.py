"""Which files count, by one rule."""

import os
import sys

import pytest

from fastreid_mm.common.image_files import (
    LeftOut,
    images_below,
    images_by_stem,
    images_in,
    is_dropping,
    is_image,
    named_folders,
    numbered_folders,
)
from fastreid_mm.common.notes import Note
from fastreid_mm.errors import InputError


def write(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


@pytest.mark.parametrize("name", ["a.jpg", "a.JPG", "dir/a.PnG", "a.b.tiff", "行人.jpeg", "a .webp"])
def test_images_end_like_images_in_any_case(name):
    assert is_image(name)


@pytest.mark.parametrize("name", ["._a.jpg", ".hidden.png", "a.jpg.part", "jpg", "made.json", "a.jpg~"])
def test_other_files_are_none(name):
    assert not is_image(name)


@pytest.mark.parametrize("name", ["Thumbs.db", "x/.DS_Store", "desktop.ini", "__MACOSX", "._a.jpg"])
def test_droppings(name):
    assert is_dropping(name)


def test_what_is_no_image_is_told_and_droppings_are_counted(tmp_path):
    write(tmp_path, "b.JPG", "a.png", "made.json", "Thumbs.db", "._a.png", "more/c.png")
    left_out = LeftOut()
    assert images_in(str(tmp_path), left_out) == ["a.png", "b.JPG"]
    assert left_out.droppings == 2
    assert [line.split(" (")[0] for line in left_out.found] == [str(tmp_path / "made.json"), str(tmp_path / "more")]
    assert str(left_out).startswith("left out 2, the first: ")
    assert not str(LeftOut())


def test_links_are_followed_and_circles_found(tmp_path):
    gallery, disk = tmp_path / "gallery", tmp_path / "disk"
    write(gallery, "cam1/a.jpg")
    write(disk, "b.jpg")
    (gallery / "cam2").symlink_to(disk)
    (gallery / "cam1" / "c.jpg").symlink_to(disk / "b.jpg")
    (gallery / "cam1" / "back").symlink_to(gallery)
    (gallery / "itself").symlink_to(gallery / "itself")
    (gallery / "gone.jpg").symlink_to(tmp_path / "nowhere")
    left_out = LeftOut()
    found = images_below(str(gallery), left_out)
    assert [os.path.relpath(path, gallery) for path in found] == ["cam1/a.jpg", "cam1/c.jpg", "cam2/b.jpg"]
    assert len(left_out.found) == 3


def test_each_folder_is_read_once_however_many_links_lead_to_it(tmp_path):
    """A chain of thirty diamonds has a thousand million paths."""
    for number in range(30):
        folder = tmp_path / f"{number}"
        write(folder, "a.jpg")
        for side in "lr":
            (folder / side).symlink_to(tmp_path / f"{number + 1}")
    write(tmp_path / "30", "a.jpg")
    left_out = LeftOut()
    assert len(images_below(str(tmp_path / "0"), left_out)) == 31
    assert len(left_out.found) == 30 and "/0/r (the same folder as " in left_out.found[0]


def test_a_folder_keeps_its_own_name_beside_a_link_to_it(tmp_path):
    write(tmp_path, "z/a.jpg")
    (tmp_path / "b").symlink_to(tmp_path / "z")
    assert images_below(str(tmp_path), LeftOut()) == [str(tmp_path / "z" / "a.jpg")]


def test_folders_may_be_deep(tmp_path):
    """Deeper than Python calls functions."""
    write(tmp_path, "d/" * 250 + "a.jpg")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(250)
    try:
        found = images_below(str(tmp_path), LeftOut())
    finally:
        sys.setrecursionlimit(limit)
    assert found == [str(tmp_path / ("d/" * 250 + "a.jpg"))]


def test_numbers_of_folders_are_read_to_their_end(tmp_path):
    write(tmp_path, "cam1/a", "Cam02/a", "cam10/a", "camera3/a", "cam4x/a", "note.txt")
    left_out = LeftOut()
    found = numbered_folders(str(tmp_path), left_out, "cam")
    assert {number: os.path.basename(path) for number, path in found.items()} == {1: "cam1", 2: "Cam02", 10: "cam10"}
    assert len(left_out.found) == 3


def test_two_folders_of_one_number_are_refused(tmp_path):
    write(tmp_path, "8/a", "0008/a")
    with pytest.raises(InputError, match="0008 and .*8 have the same number"):
        numbered_folders(str(tmp_path), LeftOut())


def test_a_folder_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        images_in(str(tmp_path / "nowhere"), LeftOut())


def test_images_that_differ_in_their_suffix_alone_are_refused(tmp_path):
    write(tmp_path, "a.jpg", "b.JPG", "c.d.png")
    found = images_by_stem(str(tmp_path), LeftOut())
    assert {stem: os.path.basename(path) for stem, path in found.items()} == {
        "a": "a.jpg",
        "b": "b.JPG",
        "c.d": "c.d.png",
    }
    write(tmp_path, "b.png")
    with pytest.raises(InputError, match="b.JPG and .*b.png are the same image"):
        images_by_stem(str(tmp_path), LeftOut())


def test_named_folders_are_found_in_any_case_and_once(tmp_path):
    write(tmp_path, "rgb/a.jpg", "NI/a.jpg", "TI_old/a.jpg", "made.json", "x.png")
    left_out = LeftOut()
    found = named_folders(str(tmp_path), ("RGB", "NI", "TI"), left_out, beside=("made.json",))
    assert found == {"NI": str(tmp_path / "NI"), "RGB": str(tmp_path / "rgb")}
    assert [line.split(" (")[0] for line in left_out.found] == [str(tmp_path / "x.png"), str(tmp_path / "TI_old")]
    write(tmp_path, "RGB/a.jpg")
    with pytest.raises(InputError, match="RGB and .*rgb have the same name"):
        named_folders(str(tmp_path), ("RGB",), LeftOut())


def test_what_is_no_loss_is_a_note_and_an_image_is_named_first(tmp_path):
    write(tmp_path, "1/list.txt", "docs/readme.md", "x/a.jpg", "x/b.jpg", "y.png")
    left_out = LeftOut()
    numbered_folders(str(tmp_path), left_out)
    images_in(str(tmp_path / "1"), left_out)
    notes = {os.path.basename(line.split(" (")[0]): isinstance(line, Note) for line in left_out.found}
    assert notes == {"list.txt": True, "docs": True, "x": False, "y.png": False}
    assert any("x (no folder of the name NUMBER; images in it: 2)" in line for line in left_out.found)
    assert "y.png" in str(left_out) and str(left_out).startswith("left out 4, ")


def test_names_of_other_encodings_are_written_as_they_can_be(tmp_path):
    write(tmp_path, "caf\udce9\n.txt")
    left_out = LeftOut()
    images_in(str(tmp_path), left_out)
    assert str(left_out).encode() and r"caf\udce9\n.txt" in str(left_out) and "\n" not in str(left_out)


def test_a_number_that_no_machine_word_holds_is_no_number(tmp_path):
    write(tmp_path, f"{10**18 - 1}/a", f"{10**18}/a", f"{'0' * 30}7/a")
    left_out = LeftOut()
    assert list(numbered_folders(str(tmp_path), left_out)) == [7, 10**18 - 1] and len(left_out.found) == 1
