"""One thing under two names, replaced and deleted files, galleries that were moved: what is to be done."""

import os
import sys

import pytest

from fastreid_mm.common.errors import InputError
from fastreid_mm.retrieval.refresh import plan_of
from fastreid_mm.retrieval.samples import samples_in
from fastreid_mm.retrieval.sources import Member, image_of, source_of, state_of


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with a gallery of three files."""
    monkeypatch.chdir(tmp_path)
    for name in ("g", "x"):
        (tmp_path / name).mkdir()
    for number in range(3):
        (tmp_path / "g" / f"{number}.png").write_bytes(b"image %d" % number)
    return tmp_path


def members_of(folder, *modalities):
    return [Member(sample.path, source_of(sample)) for sample in samples_in(str(folder), modalities)]


def plan(folder, members, *modalities, made=0):
    return plan_of(samples_in(str(folder), modalities), members, made)


@pytest.mark.parametrize("name", ["{}/g", "x/../g", "g/", "./g", "link", "g/0.png"])
@pytest.mark.parametrize("known", [True, False])
def test_another_name_of_what_is_there_is_not_new(here, name, known):
    (here / "link").symlink_to("g")
    members = members_of("g") if known else [Member(f"g/{number}.png") for number in range(3)]
    found = plan(name.format(here), members, made=sys.maxsize)
    assert not found.todo and not found.doubled and not found.gone and bool(found.noted) != known


def test_what_was_replaced_is_to_be_embedded_again_in_its_place(here):
    members = members_of("g")
    times = (here / "g" / "1.png").stat()
    (here / "g" / "1.png").write_bytes(b"image 9")  # of one size and, put back, of one time
    os.utime(here / "g" / "1.png", ns=(times.st_atime_ns, times.st_mtime_ns))
    os.utime(here / "g" / "2.png", (1e9, 1e9))  # touched, not changed
    found = plan("g", members)
    assert [(sample.path, place) for sample, place in found.todo] == [("g/1.png", 1)]
    assert list(found.noted) == [2] and [state_of(member) for member in members] == ["", "was changed", ""]


def test_rows_that_say_nothing_of_their_files_are_taken_as_they_are_if_these_are_older(here):
    members = [Member(f"g/{number}.png") for number in range(3)]
    made = (here / "g" / "1.png").stat().st_ctime_ns + 1
    (here / "g" / "2.png").write_bytes(b"later")
    os.utime(here / "g" / "2.png", ns=(made + 10, made + 10))
    found = plan("g", members, made=made)
    assert [place for _, place in found.todo] == [2] and sorted(found.noted) == [0, 1]


def test_rows_that_are_there_twice_and_rows_whose_file_is_gone(here):
    members = [*members_of("g"), *members_of(here / "g"), Member("g/9.png")]
    (here / "g" / "0.png").unlink()
    found = plan("g", members)
    assert found.doubled == [4, 5] and found.gone == [0, 3, 6] and not found.todo


def test_the_same_name_in_another_working_folder_is_another_image(here, monkeypatch):
    members = members_of("g")
    (here / "other" / "g").mkdir(parents=True)
    (here / "other" / "g" / "0.png").write_bytes(b"another")
    monkeypatch.chdir(here / "other")
    found = plan("g", members)
    assert [(sample.path, place) for sample, place in found.todo] == [(str(here / "other" / "g" / "0.png"), -1)]
    assert not found.gone and image_of(members[0]) == str(here / "g" / "0.png")


def test_a_gallery_that_was_moved_is_known_by_its_names(here, monkeypatch):
    members = members_of("g")
    (here / "elsewhere").mkdir()
    (here / "g").rename(here / "elsewhere" / "g")
    monkeypatch.chdir(here / "elsewhere")
    found = plan("g", members)
    assert not found.todo and not found.gone and image_of(members[0]) == "g/0.png"


def test_aligned_samples_are_known_by_any_root_and_whichever_modality_is_first(here):
    for name in ("RGB", "NI"):
        (here / "a" / name).mkdir(parents=True)
        (here / "a" / name / "1.png").write_bytes(name.encode())
    (here / "b").symlink_to("a")
    members = members_of("a", "RGB", "NI")
    assert plan(here / "b", members, "RGB", "NI") == ([], {}, [], [])
    (here / "a" / "NI" / "1.png").write_bytes(b"new")
    assert [place for _, place in plan("a", members, "RGB", "NI").todo] == [0]
    (here / "a" / "RGB" / "1.png").unlink()
    found = plan("a", members, "RGB", "NI")
    assert [(sample.path, place) for sample, place in found.todo] == [("a/NI/1.png", 0)] and not found.gone


def test_only_what_was_indexed_is_opened(here):
    member = members_of("g")[0]
    assert image_of(member) == str(here / "g" / "0.png")
    secret = here / "secret.png"
    secret.write_bytes(b"an image of somebody else's")
    os.mkfifo(here / "pipe.png")
    (here / "text").write_text("x")
    names = ["/dev/zero", "/etc/passwd", str(here / "pipe.png"), str(here / "text"), str(here / "g"), "a\0b.png"]
    names += [r"\\server\share\a.png", "http://127.0.0.1/a.png", "\ud800.png", "x" * 5000, "", str(secret)]
    for name in names:
        for source in (None, member.source._replace(file=name)):
            with pytest.raises(InputError, match="is gone|is no image|was changed|is not known"):
                image_of(Member(name, source))
            assert isinstance(state_of(Member(name, source)), str)
