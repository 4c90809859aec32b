"""Configs and devices that cannot be used are refused in one line."""

import pytest

from fastreid_mm.common.errors import InputError
from mmseg_mm.engine import run_host_script
from mmseg_mm.load_config import load_config
from mmseg_mm.trained_model import init_rgbd_model


@pytest.mark.parametrize(
    ("text", "message"), [("model = dict(", "bad.py: .*was never closed"), ("", "bad.py has no model")]
)
def test_a_broken_and_an_empty_config(tmp_path, text, message):
    path = tmp_path / "bad.py"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        init_rgbd_model(path, "none.pth")
    with pytest.raises(InputError, match=message):
        run_host_script("test.py", [str(path), "none.pth"])


def test_what_is_there_is_read(tmp_path):
    (tmp_path / "good.py").write_text("model = dict(a=1)")
    assert load_config(tmp_path / "good.py", needs=("model",)).model.a == 1
    with pytest.raises(InputError, match="config .*none.py does not exist"):
        load_config(tmp_path / "none.py")


@pytest.mark.parametrize("device", ["foo", "cuda:99"])
def test_a_device_that_is_not_there(folder, device):
    with pytest.raises(InputError, match=f"^device '{device}' cannot be used: "):
        init_rgbd_model(folder / "config.py", folder / "weights.pth", device)


def test_a_module_of_custom_imports_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "config.py"
    path.write_text('custom_imports = dict(imports=["mmseg_mm", "nowhere_to_be_found"], allow_failed_imports=False)\n')
    with pytest.raises(InputError, match=r"config.py: .*nowhere_to_be_found$"):
        load_config(path)
