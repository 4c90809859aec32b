import pytest

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.used_folder import files_in, refuse_used


def test_files_are_listed_once_and_folders_are_not(tmp_path):
    for name in ("model_1.pth", "model_0.pth", "mine.txt"):
        (tmp_path / name).touch()
    (tmp_path / "model_2.pth").mkdir()
    (tmp_path / "gone.pth").symlink_to(tmp_path / "nowhere")
    names = [path.name for path in files_in(tmp_path, ("model_*", "*.pth"))]
    assert names == ["model_0.pth", "model_1.pth", "gone.pth"] and files_in(tmp_path / "none", ["*"]) == []


def test_what_is_left_refuses_the_folder():
    refuse_used("KEY out has a training in it", [], "KEY")
    with pytest.raises(
        InputError, match=r"^KEY out is used \(a, b, c, and 1 more\): wait, --overwrite .* another --dir leaves"
    ):
        refuse_used("KEY out is used", ["a", "b", "c", "d"], "--dir", "wait")
