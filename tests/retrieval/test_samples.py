"""Which files of a folder are samples, and under which name."""

import os

import pytest

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.image_files import LeftOut
from fastreid_mm.retrieval.samples import samples_in


def touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def paths_in(folder, *modalities):
    left_out = LeftOut()
    return [sample.path for sample in samples_in(str(folder), modalities, left_out)], left_out


def test_links_are_followed_and_what_is_no_image_is_told(tmp_path):
    gallery = tmp_path / "g"
    touch(gallery / "cam1" / "a.JPG", tmp_path / "disk" / "b.png", gallery / "made.json", gallery / "._a.jpg")
    touch(gallery / "Thumbs.db")
    (gallery / "cam2").symlink_to(tmp_path / "disk")
    (gallery / "cam1" / "loop").symlink_to(gallery)
    (gallery / "c.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(gallery / "pipe.png")
    found, left_out = paths_in(gallery)
    assert found == [str(gallery / "cam1" / "a.JPG"), str(gallery / "cam2" / "b.png")]
    told = "\n".join(left_out.found)
    assert all(name in told for name in ("made.json", "loop", "c.png", "pipe.png")) and left_out.droppings == 2
    assert paths_in(f"{gallery}/")[0] == found


def test_an_image_that_is_there_twice_is_taken_once_and_not_as_a_link(tmp_path):
    touch(tmp_path / "g" / "cam1" / "a.png")
    (tmp_path / "g" / "best.png").symlink_to(tmp_path / "g" / "cam1" / "a.png")
    (tmp_path / "g" / "all").symlink_to(tmp_path / "g" / "cam1")
    (tmp_path / "link").symlink_to(tmp_path / "g")
    (tmp_path / "x").mkdir()
    for folder in (tmp_path / "g", tmp_path / "link"):
        found, left_out = paths_in(folder)
        assert found == [str(folder / "cam1" / "a.png")] and len(left_out.found) == 2
        assert f"best.png (the same as {found[0]})" in left_out.found[1]
    keys = {samples_in(str(tmp_path / name))[0].key for name in ("g", "link", "x/../g")}
    assert keys == {str(tmp_path.resolve() / "g" / "cam1" / "a.png")}


def test_modalities_in_folders_of_any_case_and_under_any_root(tmp_path):
    touch(*(tmp_path / "g" / name for name in ("rgb/1.png", "NI/1.tif", "NI/2.JPG")))
    touch(tmp_path / "g" / "notes.txt")
    (tmp_path / "links").mkdir()
    for name in ("rgb", "NI"):
        (tmp_path / "links" / name).symlink_to(tmp_path / "g" / name)
    found, left_out = paths_in(tmp_path / "g", "RGB", "NI")
    assert found == [str(tmp_path / "g" / "NI" / "2.JPG"), str(tmp_path / "g" / "rgb" / "1.png")]
    keys = [sample.key for sample in samples_in(str(tmp_path / "g"), ("RGB", "NI"))]
    assert [sample.key for sample in samples_in(str(tmp_path / "links"), ("RGB", "NI"))] == keys
    (tmp_path / "g" / "rgb" / "1.png").unlink()  # its first modality, so that it has another path
    assert {sample.key for sample in samples_in(str(tmp_path / "links"), ("RGB", "NI"))} == {*keys}
    touch(tmp_path / "g" / "Rgb" / "1.png")
    with pytest.raises(InputError, match="which of Rgb, rgb in"):
        samples_in(str(tmp_path / "g"), ("RGB", "NI"))
    touch(tmp_path / "g" / "RGB" / "1.png")
    assert any("Rgb (no folder of a modality)" in line for line in paths_in(tmp_path / "g", "RGB", "NI")[1].found)


def test_two_files_of_one_modality_and_none_at_all_are_refused(tmp_path):
    touch(tmp_path / "g" / "RGB" / "1.png", tmp_path / "g" / "RGB" / "1.jpg", tmp_path / "h" / "a.txt")
    with pytest.raises(InputError, match="1.jpg and .*1.png are of one sample and one modality"):
        samples_in(str(tmp_path / "g"), ("RGB", "NI"))
    with pytest.raises(InputError, match=r"there is no image in .*left out 1, the first: .*a.txt"):
        samples_in(str(tmp_path / "h"))
