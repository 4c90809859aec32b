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
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


TORCH_ONLY = (
    *("fastreid_mm.layers", "fastreid_mm.losses"),
    *(f"fastreid_mm.common.{name}" for name in ("errors", "modality", "weights")),
)


@pytest.mark.parametrize("part", ["layers", "losses"])
def test_blocks_and_losses_need_nothing_but_torch(part):
    for path in (PROJECT / "fastreid_mm" / part).rglob("*.py"):
        for name in imported(path):
            root = name.split(".")[0]
            ours = name.startswith(TORCH_ONLY)
            assert ours or root == "torch" or root in sys.stdlib_module_names, f"{path.name}: {name}"


WITHOUT_HOST = [f"fastreid_mm.{part}" for part in ("common", "layers", "losses", "evaluation", "corruptions")]
"""What both plug-ins use."""


def test_the_mmseg_plug_in_uses_what_needs_no_host_only():
    for path in (PROJECT / "mmseg_mm").rglob("*.py"):
        ours = {name for name in imported(path) if name.split(".")[0] == "fastreid_mm"}
        assert all(name.startswith(tuple(WITHOUT_HOST)) for name in ours), path


def test_light_modules_load_no_host():
    code = f"""
import importlib, sys
for module in {["fastreid_mm", *WITHOUT_HOST]}:
    importlib.import_module(module)
    print(module, sorted({HOSTS | {"timm", "yacs"}!r} & set(sys.modules)))
"""
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert [line for line in output.splitlines() if not line.endswith(" []")] == []


FLOORS = (
    {"commands"},
    {"app"},
    {"retrieval", "export", "visualization"},
    {"inference"},
    {"engine"},
    {"settings"},
    {"protocols"},
    {"methods"},
    {"modeling", "data"},
    {"evaluation", "corruptions"},
    {"losses"},
    {"layers"},
    {"common"},
)
"""Folders of ``fastreid_mm``, the highest first, those side by side apart."""
HOST_REPAIRS = "compat"
"""What every room that imports fast-reid begins with."""


def test_every_room_has_its_floor():
    rooms = {path.parent.name for path in (PROJECT / "fastreid_mm").glob("*/__init__.py")}
    assert rooms == set().union(*FLOORS)
    assert {path.stem for path in (PROJECT / "fastreid_mm").glob("*.py")} == {"__init__", HOST_REPAIRS}


def test_arrows_run_down():
    floor = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    upwards = []
    for path in (PROJECT / "fastreid_mm").glob("*/**/*.py"):
        room = path.relative_to(PROJECT / "fastreid_mm").parts[0]
        ours = {name.split(".")[1] for name in imported(path) if name.startswith("fastreid_mm.")}
        upwards += [
            f"{path.relative_to(PROJECT)} imports {other}"
            for other in ours - {room, HOST_REPAIRS}
            if other not in floor or floor[room] >= floor[other]
        ]
    assert not upwards


def test_neither_package_imports_tools():
    for package in ("fastreid_mm", "mmseg_mm"):
        for path in (PROJECT / package).rglob("*.py"):
            assert not any(name.split(".")[0] in {"tools", "tests"} for name in imported(path)), path


def test_evaluation_needs_numpy_and_pytorch_only():
    for path in (PROJECT / "fastreid_mm" / "evaluation").rglob("*.py"):
        for name in imported(path):
            root = name.split(".")[0]
            # the last two are of the extra "evaluation", and imported where they are needed; arrows say what of ours is
            known = root in {"numpy", "torch", "fastreid_mm", "scipy", "tabulate"} or root in sys.stdlib_module_names
            assert known, f"{path.name}: {name}"


def test_corruptions_need_numpy_opencv_and_pillow_only():
    for path in (PROJECT / "fastreid_mm" / "corruptions").rglob("*.py"):
        for name in imported(path):
            root = name.split(".")[0]
            ours = name.startswith(("fastreid_mm.corruptions", "fastreid_mm.common"))
            assert ours or root in {"numpy", "cv2", "PIL"} or root in sys.stdlib_module_names, f"{path.name}: {name}"
