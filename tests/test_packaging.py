"""What is installed beside the package, and what is said where something is not."""

import os
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

PROJECT = Path(__file__).parent.parent


def test_one_opencv_is_installed():
    """Two wheels write the same files; which of them is loaded would depend on the order of installing."""
    assert len(packages_distributions()["cv2"]) == 1


def test_evaluating_features_without_its_extra_says_which_to_install(tmp_path):
    tool = PROJECT / "tools" / "evaluate_features.py"
    code = ("import runpy, sys; sys.modules['tabulate'] = sys.modules['scipy'] = None; "
            f"sys.argv[1:] = ['--features', '.', '--name', 'a', '--splits', '.']; runpy.run_path({str(tool)!r}, "
            "run_name='__main__')")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path,
                          env={**os.environ, "PYTHONPATH": str(PROJECT)})
    assert done.returncode == 2
    assert done.stderr == 'error: not installed: scipy, tabulate; pip install "fastreid-mm[evaluation]" brings it\n'


def test_what_runs_leave_behind_is_ignored_by_git():
    folders = ["logs", "datasets", "data", "work_dirs", "build", ".venv"]
    assert {f"/{name}/" for name in folders} <= set((PROJECT / ".gitignore").read_text().split())
