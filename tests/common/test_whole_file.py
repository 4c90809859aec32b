import errno
import re
from zipfile import ZIP_STORED, ZipFile

import pytest
import torch

from fastreid_mm.common.checkpoint_file import require_whole
from fastreid_mm.common.errors import InputError
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


def test_any_byte_that_changed_and_any_end_that_is_missing_is_found(tmp_path):
    path = tmp_path / "a.pth"
    torch.save({"x": torch.arange(1000.0)}, path)
    require_whole(str(path))
    whole = path.read_bytes()
    with ZipFile(path) as file:
        (place,) = [each.header_offset for each in file.infolist() if each.filename.endswith("data/0")]
        assert all(each.compress_type == ZIP_STORED for each in file.infolist())
    changed = bytearray(whole)
    changed[place + 2000] ^= 1  # PyTorch's own loader takes it
    for content in (bytes(changed), whole[:-1], whole[: len(whole) // 2], b"", b"junk"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=re.escape(f"{path} is damaged: ")):
            require_whole(str(path))


def test_a_file_whose_directory_changed_is_found_or_gives_the_same(tmp_path):
    """The checksums do not cover the names and places at a file's end."""
    path = tmp_path / "a.pth"
    torch.save({"x": torch.arange(9)}, path)
    whole, found = path.read_bytes(), 0
    for place in range(whole.index(b"PK\x01\x02"), len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x80]) + whole[place + 1 :])
        try:
            require_whole(str(path))
        except InputError as error:
            assert str(error).startswith(f"{path} is damaged: ")
            found += 1
        else:
            assert torch.equal(torch.load(path)["x"], torch.arange(9))
    assert found
