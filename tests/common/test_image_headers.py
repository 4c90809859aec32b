"""Headers and ends of many files, looked at once."""

import json
import os
import time

import numpy as np
import pytest
from PIL import Image

from fastreid_mm.common import image_headers
from fastreid_mm.common.image_headers import look_at_images

FORMATS = ("jpg", "png", "bmp", "webp", "tif", "ppm")


@pytest.fixture
def picture():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 20, 3), np.uint8))


@pytest.fixture
def looks(monkeypatch):
    """The paths that were opened, not remembered."""
    seen, size = [], image_headers._size
    monkeypatch.setattr(image_headers, "_size", lambda path, *more: seen.append(path) or size(path, *more))
    return seen


@pytest.mark.parametrize("suffix", FORMATS)
def test_whole_files_have_sizes_and_cut_ones_are_named(tmp_path, picture, suffix):
    whole, cut, empty = (str(tmp_path / f"{name}.{suffix}") for name in ("whole", "cut", "empty"))
    picture.save(whole)
    content = (tmp_path / f"whole.{suffix}").read_bytes()
    (tmp_path / f"cut.{suffix}").write_bytes(content[: len(content) * 2 // 3])
    (tmp_path / f"empty.{suffix}").write_bytes(b"")
    sizes, problems = look_at_images([whole, cut, empty, whole])
    assert sizes == {whole: (20, 40)} and list(problems) == [cut, empty]
    assert problems[empty] == f"{empty} is not a readable image: the file is empty"
    assert problems[cut].startswith(f"{cut} is not a readable image: ") and "\n" not in problems[cut]


def test_a_file_with_something_after_its_end_is_decoded_and_good(tmp_path, picture):
    """As cameras append; what decides is whether it can be read."""
    for suffix in ("jpg", "png"):
        path = tmp_path / f"a.{suffix}"
        picture.save(path)
        path.write_bytes(path.read_bytes() + b"more")
        assert not look_at_images([str(path)]).problems


def test_whatever_is_no_image_is_named(tmp_path, picture):
    (tmp_path / "text.jpg").write_text("no image")
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    names = ["text.jpg", "folder.jpg", "pipe.jpg", "loop.jpg", "gone.jpg"]
    sizes, problems = look_at_images([str(tmp_path / name) for name in names])
    assert not sizes and [os.path.basename(path) for path in problems] == names
    assert problems[str(tmp_path / "gone.jpg")].endswith("it does not exist")
    assert look_at_images([]) == ({}, {})


def test_files_of_too_many_pixels_are_named_with_the_key_even_if_remembered(tmp_path, picture):
    paths = [str(tmp_path / name) for name in ("a.png", "b.tif", "small.png")]
    for path in paths:
        picture.save(path)
    picture.resize((3, 4)).save(paths[2])
    for _ in range(2):
        sizes, problems = look_at_images(paths, 799)
        assert list(sizes) == paths[2:] and list(problems.values()) == [
            f"image {path} has 20 x 40 pixels, more than INPUT.MAX_PIXELS 799 allows" for path in paths[:2]
        ]
        assert not look_at_images(paths, 800).problems


def test_nothing_but_bitmaps_is_opened(tmp_path):
    """Pillow would have PostScript run by another program, whatever the file is called."""
    (tmp_path / "program.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    (problem,) = look_at_images([str(tmp_path / "program.png")]).problems.values()
    assert "program.png is not a readable image: cannot identify" in problem


def test_what_was_seen_is_remembered_until_the_file_changes(tmp_path, picture, looks):
    paths = [str(tmp_path / f"{number}.png") for number in range(5)]
    for path in paths:
        picture.save(path)
    first = look_at_images(paths)
    assert len(looks) == 5 and look_at_images(paths) == first and len(looks) == 5
    (tmp_path / "2.png").write_bytes(b"")
    Image.new("RGB", (3, 4)).save(paths[3])
    sizes, problems = look_at_images(paths)
    assert sizes[paths[3]] == (3, 4) and list(problems) == [paths[2]] and sorted(looks[5:]) == paths[2:4]
    picture.save(paths[2])
    assert not look_at_images(paths[1:]).problems  # what is wrong is not remembered


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"%s": 3}', '{"%s": [1, 2, "a", 4]}', "[" * 100_000])
def test_a_damaged_memory_costs_a_second_look(tmp_path, picture, looks, damage):
    path = str(tmp_path / "a.png")
    picture.save(path)
    first, place = look_at_images([path]), image_headers._cache_file([path])
    assert list(json.loads(place.read_text())) == [path]
    place.write_text(damage.replace("%s", path))
    assert look_at_images([path]) == first and len(looks) == 2
    assert look_at_images([path]) == first and len(looks) == 2


def test_a_memory_that_cannot_be_written_costs_nothing_else(tmp_path, picture, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    path = str(tmp_path / "a.png")
    picture.save(path)
    assert look_at_images([path]).sizes == look_at_images([path]).sizes == {path: (20, 40)}


def test_it_takes_about_a_second_for_10_000_files(tmp_path, picture):
    paths = [str(tmp_path / f"{number}.jpg") for number in range(500)]
    picture.save(paths[0])
    for path in paths[1:]:
        os.link(paths[0], path)
    start = time.process_time()
    look_at_images(paths)
    assert time.process_time() - start < 0.5  # of a slow machine; it is 0.04
