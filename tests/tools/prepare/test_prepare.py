"""What makes data needs no host, starts from anywhere and is not shipped."""

import ast
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
PREPARE = PROJECT / "tools" / "prepare"
SCRIPTS = (
    "draw_corruptions.py",
    "make_toy_data.py",
    "make_toy_rgbd.py",
    "prepare_market1501_mm.py",
    "prepare_roadscene.py",
)
OF_THE_PACKAGES = (
    "fastreid_mm.common.errors",
    "fastreid_mm.common",
    "fastreid_mm.evaluation",
    "fastreid_mm.corruptions",
)
LIBRARIES = {"numpy", "scipy", "PIL"}


def imported(path: Path) -> set[str]:
    """Full names of everything a file imports."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}


def test_scripts_are_what_lies_beside_the_rooms() -> None:
    assert tuple(sorted(path.name for path in PREPARE.glob("*.py"))) == SCRIPTS


def test_nothing_that_makes_data_imports_a_host() -> None:
    rooms = {path.parent.name for path in PREPARE.glob("*/*.py")}
    for path in PREPARE.rglob("*.py"):
        for name in imported(path):
            known = name.split(".")[0] in rooms | LIBRARIES | sys.stdlib_module_names
            assert known or name.startswith(OF_THE_PACKAGES), f"{path.relative_to(PREPARE)}: {name}"


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_names_its_own_path(script: str) -> None:
    assert f"python tools/prepare/{script} " in str(ast.get_docstring(ast.parse((PREPARE / script).read_text())))


def test_a_script_starts_from_anywhere(tmp_path: Path) -> None:
    """The one that does not load PyTorch stands for all: their own folder is what they all import from."""
    command = [sys.executable, str(PREPARE / "make_toy_rgbd.py"), "--train", "1", "--test", "1", "--size", "32"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(PROJECT)}
    )
    assert (done.returncode, done.stdout) == (0, "made: 1 + 1 scenes in datasets/toy_rgbd\n"), done.stderr
    assert (tmp_path / "datasets" / "toy_rgbd" / "train" / "RGB" / "0001.png").is_file()


def test_the_wheel_holds_the_two_packages_only(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict = {}
    monkeypatch.setattr("setuptools.setup", lambda **keywords: given.update(keywords))
    monkeypatch.chdir(PROJECT)
    runpy.run_path("setup.py")
    assert {name.split(".")[0] for name in given["packages"]} == {"fastreid_mm", "mmseg_mm"}
    assert not {"making", "prepare"} & {part for name in given["packages"] for part in name.split(".")}
