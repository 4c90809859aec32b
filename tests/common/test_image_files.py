"""Which files count, by one rule."""

import os

import pytest

from fastreid_mm.common.image_files import LeftOut, images_below, images_in, is_dropping, is_image, numbered_folders
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
