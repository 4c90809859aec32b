"""Lines of lists, whoever wrote them."""

import pytest

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.text_lines import read_lines


def lines(path):
    return list(read_lines(path, "a list"))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_ends_and_encodings(tmp_path, end, encoding):
    (tmp_path / "list.txt").write_bytes(end.join(["a 1", "", "  行人.jpg\t2 "]).encode(encoding))
    assert lines(tmp_path / "list.txt") == [(1, "a 1"), (3, "行人.jpg\t2")]


def test_bytes_of_any_encoding_are_those_of_file_names(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"caf\xe9.jpg")
    (tmp_path / "caf\udce9.jpg").write_bytes(b"")
    ((_, name),) = lines(tmp_path / "list.txt")
    assert (tmp_path / name).is_file()


@pytest.mark.parametrize(
    ("content", "words"), [(b"a\n\0b", "list.txt:2 is not text"), (b"\xff\xfea", "list.txt is not in the encoding")]
)
def test_what_is_no_text_is_named(tmp_path, content, words):
    (tmp_path / "list.txt").write_bytes(content)
    with pytest.raises(InputError, match=words):
        lines(tmp_path / "list.txt")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(InputError, match="a list .*none.txt is missing"):
        lines(tmp_path / "none.txt")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        lines(tmp_path)
