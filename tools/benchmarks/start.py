#!/usr/bin/env python
"""Time the starts of all commands in tools/: --help, a wrong argument and a missing file, which need no network.

    python tools/benchmarks/start.py [--commands train_net train_sod] [--rounds 5]

Medians of wall and processor seconds of new processes, beside Python alone; a plus marks those that import PyTorch.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tabulate import tabulate

TOOLS = Path(__file__).resolve().parents[1]
MODEL = ("--config-file", "missing.yml", "--weights", "missing.pth")
IMAGES = ("--images", "missing", "--modality", "visible")
MISSING: dict[str, tuple[str, ...]] = {
    "app": (*MODEL, "--index", "missing.index"),
    "browse_sod": ("missing.py", "out"),
    "check_data": ("missing.yml",),
    "compare_runs": ("missing", "missing_too"),
    "convert_efficientnet_lite": ("out.safetensors", "--weights", "missing.pth"),
    "edit_index": ("list", "missing.index"),
    "evaluate_features": ("--features", "missing", "--name", "missing"),
    "export": (*MODEL, "--output", "out.onnx"),
    "export_sod": ("missing.py", "missing.pth", "out.onnx"),
    "extract_features": (*MODEL, *IMAGES, "--output", "out.npz"),
    "index_gallery": (*MODEL, *IMAGES, "--index", "out.index"),
    "make_table": ("missing", "--output", "out.csv"),
    "mmseg_tool": ("print_config", "missing.py"),
    "package_model": ("missing", "out"),
    "predict_saliency": ("missing.jpg", "missing.png", "out.png", "--config", "missing.py", "--checkpoint", "none.pth"),
    "score_saliency": ("missing", "missing_too"),
    "search_gallery": (*MODEL, *IMAGES, "--index", "missing.index"),
    "test_sod": ("missing.py", "missing.pth"),
    "train_net": ("--config-file", "missing.yml"),
    "train_regdb_trials": ("--config-file", "missing.yml"),
    "train_sod": ("missing.py",),
    "visualize": (*MODEL, "--output", "out"),
}
"""Arguments of each command that takes a file, with one that does not exist."""
LOOK = """
import runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    print("torch" in sys.modules, file=open("torch", "w"))
"""


class Start(NamedTuple):
    """Start of a command that ends without a network."""

    wall: float
    """Seconds."""
    processor: float
    """Seconds of all its processes."""
    status: int
    torch: bool
    """True if PyTorch was imported."""

    def __str__(self) -> str:
        return f"{self.wall:.2f} ({self.processor:.2f}){' +' if self.torch else ''}"


def run(command: Sequence[str], folder: str) -> tuple[float, float, int]:
    """Run a process, and return wall seconds, processor seconds and exit status."""
    before, start = os.times(), time.perf_counter()
    status = subprocess.run(command, cwd=folder, capture_output=True).returncode
    wall, after = time.perf_counter() - start, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, used, status


def measure(script: Path, arguments: Sequence[str], rounds: int) -> Start:
    """Start a script some times in an empty folder, and once to see what it imports."""
    with tempfile.TemporaryDirectory() as folder:
        *_, status = run([sys.executable, "-c", LOOK, str(script), *arguments], folder)
        imported = Path(folder, "torch").read_text().strip() == "True"
        times = [run([sys.executable, str(script), *arguments], folder) for _ in range(rounds)]
    return Start(median(each[0] for each in times), median(each[1] for each in times), status, imported)


def cases(command: str) -> dict[str, tuple[tuple[str, ...], int]]:
    """Return arguments and expected exit status of each case."""
    found = {"--help": (("--help",), 0), "wrong argument": (("--no-such-argument",), 2)}
    return found | ({"missing file": (MISSING[command], 2)} if command in MISSING else {})


def main(arguments: Sequence[str] | None = None) -> None:
    commands = sorted(path.stem for path in TOOLS.glob("*.py"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commands", nargs="+", choices=commands, default=commands, metavar="COMMAND")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args(arguments)
    rows = []
    for command in args.commands:
        row = [command]
        for given, expected in cases(command).values():
            found = measure(TOOLS / f"{command}.py", given, args.rounds)
            row.append(f"{found}" if found.status == expected else f"{found}, status {found.status}")
        rows.append(row)
    with tempfile.TemporaryDirectory() as folder:
        alone = [run([sys.executable, "-c", ""], folder) for _ in range(args.rounds)]
    rows.append(["Python alone", f"{median(each[0] for each in alone):.2f} ({median(each[1] for each in alone):.2f})"])
    print("Wall seconds (processor seconds); + if PyTorch is imported")
    print(tabulate(rows, ["", *cases("app")], "github", disable_numparse=True))


if __name__ == "__main__":
    main()
