"""Checkpoint files: whole or refused, the newest first."""

import os
import re
from zipfile import ZIP_STORED, ZipFile

import pytest
import torch

from fastreid_mm.common.checkpoint_file import first_whole, newest_first, read_checkpoint, require_whole
from fastreid_mm.common.errors import InputError


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


def test_the_first_whole_file_is_found_after_a_warning_of_each_before_it(tmp_path):
    paths = [tmp_path / name for name in ("old.pth", "noted.pth", "half.pth")]
    for time, path in enumerate(paths):
        torch.save({"x": torch.ones(2)}, path)
        os.utime(path, ns=(time, time))
    old, noted, half = paths
    assert newest_first(paths) == [half, noted, old] and newest_first(paths, noted) == [noted, half, old]
    os.truncate(half, 100)
    said = []
    assert first_whole(newest_first(paths), said.append) == noted
    assert [str(damage).split(":")[0] for damage in said] == [f"{half} is damaged"]
    assert first_whole([half], said.append) is None


def test_what_is_no_checkpoint_is_refused_by_its_path(tmp_path):
    torch.save([1], tmp_path / "list.pth")
    with pytest.raises(InputError, match=r"list.pth is not a checkpoint: it holds a list"):
        read_checkpoint(str(tmp_path / "list.pth"))
    with pytest.raises(InputError, match=r"checkpoint .*none.pth does not exist"):
        read_checkpoint(str(tmp_path / "none.pth"))
