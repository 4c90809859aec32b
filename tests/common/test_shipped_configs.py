"""Configs are found as paths and by short name."""

from pathlib import Path

import pytest

from fastreid_mm.common import shipped_configs
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.shipped_configs import find_config
from fastreid_mm.settings.load import load_config

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "package"),
    [("SYSU/cmtr.yml", "fastreid_mm"), ("Base-VI.yml", "fastreid_mm"), ("SOD/mutualformer_demo.py", "mmseg_mm")],
)
def test_a_shipped_config_has_a_short_name(name, package):
    assert Path(find_config(name, package)) == CONFIGS / name


def test_a_short_name_is_loaded_with_its_bases():
    cfg = load_config("SYSU/cmtr.yml", [])
    assert cfg.MODEL.META_ARCHITECTURE == "CMTR" and tuple(cfg.DATASETS.NAMES) == ("SYSUMM01",)


def test_a_file_goes_before_a_shipped_config_of_the_same_name(tmp_path):
    (tmp_path / "SYSU").mkdir()
    (tmp_path / "SYSU" / "cmtr.yml").touch()
    assert find_config("SYSU/cmtr.yml", "fastreid_mm") == "SYSU/cmtr.yml"
    assert find_config(str(CONFIGS / "SYSU" / "agw.yml"), "fastreid_mm") == str(CONFIGS / "SYSU" / "agw.yml")


def test_a_shipped_config_is_found_as_it_is_called_in_a_checkout():
    for name in ("configs/SYSU/cmtr.yml", Path("SYSU/cmtr.yml")):
        assert Path(find_config(name, "fastreid_mm")) == CONFIGS / "SYSU" / "cmtr.yml"


def test_the_error_lists_where_it_looked(tmp_path):
    with pytest.raises(InputError) as error:
        find_config("SYSU/cmrt.yml", "fastreid_mm")
    assert "\n" not in str(error.value)
    for path in (tmp_path / "SYSU/cmrt.yml", CONFIGS / "SYSU/cmrt.yml"):
        assert str(path) in str(error.value)
    with pytest.raises(InputError, match="config /none.yml does not exist$"):
        find_config("/none.yml", "fastreid_mm")


def test_a_package_with_configs_of_its_own_has_no_others(tmp_path, monkeypatch):
    """As in a wheel, where a folder "configs" beside the package is somebody else's."""
    for name in ("fastreid_mm/configs/SYSU/cmtr.yml", "configs/SYSU/agw.yml"):
        (tmp_path / "lib" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "lib" / name).touch()
    monkeypatch.setattr(shipped_configs, "PACKAGES", tmp_path / "lib")
    assert Path(find_config("SYSU/cmtr.yml", "fastreid_mm")) == tmp_path / "lib/fastreid_mm/configs/SYSU/cmtr.yml"
    with pytest.raises(InputError, match="lib/fastreid_mm/configs/SYSU/agw.yml"):
        find_config("SYSU/agw.yml", "fastreid_mm")
