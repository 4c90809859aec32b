"""Packages from outside, by the key IMPORTS."""

import sys

import pytest

from fastreid_mm.common.errors import InputError
from fastreid_mm.settings.config_values import refuse_impossible
from fastreid_mm.settings.load import load_config
from fastreid_mm.settings.unread_keys import RecordedConfig, refuse_unread

PACKAGE = """
from fastreid.config import CfgNode

def add_config(cfg):
    cfg.MODEL.PLAIN = CfgNode({"DIM": 16})
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    (tmp_path / "outside_keys.py").write_text(PACKAGE)
    (tmp_path / "outside_broken.py").write_text("\n1 / 0\n")
    (tmp_path / "outside_needs.py").write_text("import nowhere_to_be_found\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("outside_")]:
        del sys.modules[name]


def test_a_file_and_what_it_builds_on_name_packages(package):
    (package / "base.yml").write_text("IMPORTS: [outside_keys]\nMODEL: {PLAIN: {DIM: 20}}\n")
    (package / "own.yml").write_text("_BASE_: base.yml\nSEED: 3\n")
    cfg = load_config(str(package / "own.yml"), ["MODEL.PLAIN.DIM", "24"])
    assert (cfg.MODEL.PLAIN.DIM, cfg.SEED, cfg.IMPORTS) == (24, 3, ["outside_keys"])


def test_the_command_line_names_packages(package):
    assert load_config("SYSU/agw.yml", ["IMPORTS", "['outside_keys']"]).MODEL.PLAIN.DIM == 16


def test_keys_from_outside_are_checked_as_ours_are(package):
    cfg = load_config("SYSU/agw.yml", ["IMPORTS", "['outside_keys']", "MODEL.PLAIN.DIM", "-1"])
    with pytest.raises(InputError, match=r"MODEL.PLAIN.DIM -1 is not 0 or more"):
        refuse_impossible(cfg)
    cfg = RecordedConfig(load_config("", ["IMPORTS", "['outside_keys']", "MODEL.PLAIN.DIM", "8"]))
    with pytest.raises(InputError, match=r"MODEL.PLAIN.DIM 8 \(default 16\)"):
        refuse_unread(cfg, set())


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("['no_such_package']", "there is no module no_such_package"),
        ("['outside_keys.more']", "there is no module outside_keys.more"),
        ("['outside_broken']", r"outside_broken fails at .*outside_broken.py:2: ZeroDivisionError"),
        ("['outside_needs']", "outside_needs fails at .*nowhere_to_be_found"),
        ("outside_keys", "is not a list of modules"),
        ("['../evil']", "is not a list of modules"),
        ("[3]", "is not a list of modules"),
        ("3", "is not a list of modules"),
        ("", "is not a list of modules"),
    ],
)
def test_what_cannot_be_imported_is_one_line(package, value, said):
    with pytest.raises(InputError, match=f"^IMPORTS.*{said}") as error:
        load_config("", ["IMPORTS", value])
    assert "\n" not in str(error.value)
