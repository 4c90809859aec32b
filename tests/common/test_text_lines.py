"""Lists that any editor has written are read alike."""

import os

import pytest

from fastreid_mm.common.text_lines import text_lines
from fastreid_mm.errors import InputError


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_any_system(tmp_path, encoding, end):
    (tmp_path / "list.txt").write_bytes(end.join([" a b", "", "é\u2028x\x0b ", "\t", "c"]).encode(encoding))
    assert text_lines(str(tmp_path / "list.txt")) == ["a b", "é\u2028x", "c"]


def test_bytes_that_are_no_text_are_those_of_names(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"\xe4.png\n")
    assert text_lines(str(tmp_path / "list.txt")) == [os.fsdecode(b"\xe4.png")]


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match="no.txt does not exist"):
        text_lines(str(tmp_path / "no.txt"))
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        text_lines(str(tmp_path))
