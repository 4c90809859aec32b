"""What may import what."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
HOSTS = {"fastreid", "mmseg", "mmengine", "mmcv"}


def imported(path: Path) -> set[str]:
    """Full names of everything a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("part", ["layers", "losses"])
def test_blocks_and_losses_need_nothing_but_torch(part):
    for path in (PROJECT / "fastreid_mm" / part).rglob("*.py"):
        for name in imported(path):
            root = name.split(".")[0]
            ours = name.startswith(("fastreid_mm.layers", "fastreid_mm.losses"))
            assert ours or root == "torch" or root in sys.stdlib_module_names, f"{path.name}: {name}"


def test_the_mmseg_plug_in_uses_blocks_and_losses_only():
    for path in (PROJECT / "mmseg_mm").rglob("*.py"):
        ours = {name for name in imported(path) if name.split(".")[0] == "fastreid_mm"}
        assert all(name.startswith(("fastreid_mm.layers", "fastreid_mm.losses")) for name in ours), path


@pytest.mark.parametrize("module", ["fastreid_mm", "fastreid_mm.layers", "fastreid_mm.losses", "fastreid_mm.errors",
                                    "fastreid_mm.evaluation"])
def test_light_modules_load_no_host(module):
    code = f"import sys, {module}; print(sorted({HOSTS | {'timm', 'yacs'}!r} & set(sys.modules)))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"
