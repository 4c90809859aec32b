import errno
import re

import pytest
import torch

from fastreid_mm.common.whole_file import WriteError, write_text, write_whole


def test_a_full_disk_is_one_line_and_leaves_what_was_there(tmp_path):
    """/dev/full stands for the disk: what is written to it is refused as on a full one."""
    for name, write in (("a.pth", lambda part: torch.save({"x": torch.rand(10_000)}, part)), ("a.txt", None)):
        path, part = tmp_path / name, tmp_path / f"{name}.part"
        path.write_text("before")
        part.symlink_to("/dev/full")
        with pytest.raises(WriteError, match=re.escape(f"cannot write {path}: ")) as error:
            write_whole(str(path), write) if write else write_text(str(path), "after" * 10_000)
        assert "\n" not in str(error.value) and "untouched" in str(error.value)
        assert path.read_text() == "before" and not part.is_symlink()
    assert f"[Errno {errno.ENOSPC}]" in str(error.value)


def test_text_is_written_and_nothing_else_is_left(tmp_path):
    write_text(str(tmp_path / "a.txt"), "é")
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["é"]
