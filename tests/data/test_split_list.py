"""Split files in every form that people write."""

import pytest

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.image_files import LeftOut
from fastreid_mm.data.datasets.split_list import look_beside, read_split_list, refuse_shared


@pytest.fixture
def folder(tmp_path):
    for name in ("a/1.bmp", "a/2 3.JPG", "b/caf\udce9.png", "b/x,y.tif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def read(folder, content, left_out=None):
    (folder / "list.txt").write_bytes(content)
    found = read_split_list(str(folder / "list.txt"), str(folder), "SET", left_out or LeftOut())
    return [(path.removeprefix(f"{folder}/"), label) for path, label in found]


@pytest.mark.parametrize(
    "line",
    [
        "a/1.bmp 7",
        "a/1.bmp\t7",
        "a/1.bmp   07",
        "a/1.bmp,7",
        "a/1.bmp, 7,",
        '"a/1.bmp" 7',
        "'a/1.bmp',\"7\"",
        "./a/1.bmp 7",
    ]
    + ["a\\1.bmp 7", "a//1.bmp ; 7", "a/1.bmp 7\r"],
)
def test_forms_of_a_line(folder, line):
    assert read(folder, line.encode()) == [("a/1.bmp", 7)]


def test_names_with_spaces_commas_and_bytes_of_another_encoding(folder):
    content = b"a/2 3.JPG 1\nb/x,y.tif,2\nb/caf\xe9.png 3"
    assert read(folder, content) == [("a/2 3.JPG", 1), ("b/x,y.tif", 2), ("b/caf\udce9.png", 3)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a/1.bmp", "list.txt:2 is not 'relative/path label'"),
        ("a/1.bmp -1", "list.txt:2 is not"),
        ("a/1.bmp 1.5", "list.txt:2 is not"),
        (f"a/1.bmp {10**30}", "list.txt:2 is not"),
        ("a/1.bmp x" + " " * 100_000 + "y", "list.txt:2 is not"),
        ("../a/1.bmp 0", "list.txt:2 leads out of"),
        ("a/../a/1.bmp 0", "list.txt:2 leads out of"),
        ("..\\a\\1.bmp 0", "list.txt:2 leads out of"),
        ("/etc/1.bmp 0", "list.txt:2 leads out of"),
        ("C:\\a\\1.bmp 0", "list.txt:2 leads out of"),
        ("a/9.bmp 0", "a/9.bmp of .*list.txt:2 is missing"),
        ("list.txt 0", "list.txt of .*list.txt:2 is no image by its suffix"),
        ("./a/1.bmp 1", r"list.txt:2 names .*a/1.bmp with label 1, an earlier line with 0"),
    ],
)
def test_lines_that_are_refused(folder, line, words):
    with pytest.raises(InputError, match=words):
        read(folder, f"a/1.bmp 0\n{line}\n".encode())


def test_an_image_that_is_named_twice_counts_once_and_is_told(folder):
    left_out = LeftOut()
    assert read(folder, b"a/1.bmp 0\na\\1.bmp 0\n", left_out) == [("a/1.bmp", 0)]
    assert left_out.found == [f"{folder}/a/1.bmp (named a second time by {folder}/list.txt:2)"]


def test_an_image_in_two_lists_is_refused():
    refuse_shared({"train.txt": ["a", "b"], "test.txt": ["c"]}, "SET")
    with pytest.raises(InputError, match="SET: b is in train.txt and in test.txt"):
        refuse_shared({"train.txt": ["a", "b"], "test.txt": ["c", "b"]}, "SET")


def test_what_no_list_names_is_told(folder):
    (folder / "more").mkdir()
    left_out = LeftOut()
    look_beside(str(folder), [f"{folder}/a/1.bmp"], (), left_out)
    assert [line.removeprefix(f"{folder}/") for line in left_out.found] == [
        "b (a folder that no list names; images in it: 2)",
        "more (a folder that no list names)",
        "a/2 3.JPG (no list names it)",
    ]
