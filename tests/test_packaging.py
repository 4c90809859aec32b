"""What a wheel holds and that it works by itself, what is installed beside it, what is said where something is not."""

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest

from fastreid_mm import __version__
from fastreid_mm.common import requirements

PROJECT = Path(__file__).parent.parent
COMMANDS = {
    "fastreid-mm-train",
    "fastreid-mm-test",
    "fastreid-mm-check-data",
    "fastreid-mm-make-table",
    "fastreid-mm-train-regdb-trials",
    "fastreid-mm-evaluate-features",
    "fastreid-mm-extract-features",
    "fastreid-mm-index-gallery",
    "fastreid-mm-search-gallery",
    "fastreid-mm-edit-index",
    "fastreid-mm-app",
    "fastreid-mm-export",
    "fastreid-mm-package-model",
    "fastreid-mm-visualize",
    "fastreid-mm-reproduce",
    "fastreid-mm-compare-runs",
    "mmseg-mm-train",
    "mmseg-mm-test",
    "mmseg-mm-predict",
    "mmseg-mm-export",
    "mmseg-mm-browse",
    "mmseg-mm-score",
}
SMALL = [
    "MODEL.DEVICE",
    "cpu",
    "MODEL.BACKBONE.PRETRAIN",
    "False",
    "MODEL.BACKBONE.STRIDE_SIZE",
    "(4, 4)",
    "MODEL.BACKBONE.VIT.PATCH_SIZE",
    "8",
    "MODEL.BACKBONE.VIT.EMBED_DIM",
    "32",
    "MODEL.BACKBONE.VIT.DEPTH",
    "1",
    "MODEL.BACKBONE.VIT.NUM_HEADS",
    "2",
    "INPUT.SIZE_TRAIN",
    "[32, 16]",
    "INPUT.SIZE_TEST",
    "[32, 16]",
    "DATALOADER.NUM_WORKERS",
    "0",
    "DATALOADER.NUM_INSTANCE",
    "2",
    "SOLVER.IMS_PER_BATCH",
    "16",
    "SOLVER.MAX_EPOCH",
    "1",
    "OUTPUT_DIR",
    "out",
]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The wheel of a copy of the project, so that neither finds what the other has left behind."""
    source, out = tmp_path_factory.mktemp("source") / "project", tmp_path_factory.mktemp("wheel")
    source.mkdir()
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, source)
    for name in ("fastreid_mm", "mmseg_mm", "configs", "tools", "tests"):
        shutil.copytree(PROJECT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", out, source)
    (path,) = out.iterdir()
    return path


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """An environment with the wheel and nothing else, in which a command runs in a folder that is not the project's."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place)
    pip("--python", place / "bin" / "python", "install", "--no-deps", "--no-index", "--no-compile", wheel)

    def run(name, *arguments, dependencies=True, status=0, **environment):
        """With the packages that are installed here, if wanted; what is installed in the environment goes first."""
        here = [path for path in sys.path if path.endswith("-packages")]
        paths = [*map(str, place.glob("lib/*/site-packages")), *here] if dependencies else []
        kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        done = subprocess.run(
            [place / "bin" / name, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=place,
            env={**kept, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", **environment},
        )
        assert done.returncode == status, done.stdout[-2000:] + done.stderr[-2000:]
        return done

    run.place = place
    return run


def pip(*arguments):
    subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *map(str, arguments)], check=True
    )


def metadata(wheel, name):
    archive = ZipFile(wheel)
    return archive.read(next(path for path in archive.namelist() if path.endswith(f".dist-info/{name}"))).decode()


def test_a_wheel_holds_both_packages_their_configs_and_nothing_else(wheel):
    assert wheel.name == f"fastreid_mm-{__version__}-py3-none-any.whl"
    names = set(ZipFile(wheel).namelist())
    held = {
        f"{package}/{path.relative_to(PROJECT)}"
        for package, pattern in (("fastreid_mm", "*.yml"), ("mmseg_mm", "*.py"))
        for path in (PROJECT / "configs").rglob(pattern)
    }
    held |= {
        path.relative_to(PROJECT).as_posix()
        for package in ("fastreid_mm", "mmseg_mm")
        for path in (PROJECT / package).rglob("*.py")
    }
    held |= {f"fastreid_mm/papers/tables/{path.name}" for path in (PROJECT / "fastreid_mm/papers/tables").iterdir()}
    held |= {path.relative_to(PROJECT).as_posix() for path in (PROJECT / "fastreid_mm/models").rglob("*.*")}
    held |= {"fastreid_mm/py.typed", "mmseg_mm/py.typed"}
    assert {name for name in names if ".dist-info/" not in name} == held
    assert set(re.findall(r"^(\S+) = ", metadata(wheel, "entry_points.txt"), re.MULTILINE)) == COMMANDS


def test_each_name_that_is_imported_is_of_the_package_that_an_extra_installs():
    installed = packages_distributions()
    for table in ("FASTREID", "MMSEG", "VISUALIZE", "WITHOUT_REQUIREMENTS"):
        for module, requirement in getattr(requirements, table).items():
            assert installed[module][0].lower().replace("_", "-") == re.match(r"[\w-]+", requirement)[0], module


def test_a_wheel_trains_outside_the_project(installed, sysu_root):
    code = "import importlib.util as u; print(*(u.find_spec(name).origin for name in ('fastreid_mm', 'mmseg_mm')))"
    found = installed("python", "-c", code).stdout.split()
    assert [Path(path).is_relative_to(installed.place) for path in found] == [True, True]
    installed("fastreid-mm-train", "--config-file", "SYSU/cmtr.yml", *SMALL, FASTREID_DATASETS=str(sysu_root))
    results = json.loads((installed.place / "out" / "results.json").read_text())
    assert 0 < results["SYSUMM01"]["all_search_1shot"]["mAP"] <= 100


def test_a_wheel_evaluates_features(installed):
    assert "usage: fastreid-mm-evaluate-features" in installed("fastreid-mm-evaluate-features", "--help").stdout


@pytest.mark.parametrize(
    ("command", "host", "extra"),
    [
        ("fastreid-mm-train", "fastreid", "fastreid"),
        ("fastreid-mm-test", "fastreid", "fastreid"),
        ("mmseg-mm-train", "mmseg", "mmseg"),
        ("mmseg-mm-predict", "mmseg", "mmseg"),
    ],
)
def test_a_command_without_its_host_says_what_to_install(installed, command, host, extra):
    error = installed(command, dependencies=False, status=2).stderr
    assert error.startswith("error: not installed: ") and error.count("\n") == 1
    assert host in error.split(";")[0] and f'pip install "fastreid-mm[{extra}]"' in error


def test_one_opencv_is_installed():
    """Two wheels write the same files; which of them is loaded would depend on the order of installing."""
    assert len(packages_distributions()["cv2"]) == 1


def test_evaluating_features_without_its_extra_says_which_to_install(tmp_path):
    tool = PROJECT / "tools" / "evaluate_features.py"
    code = (
        "import runpy, sys; sys.modules['tabulate'] = sys.modules['scipy'] = None; "
        f"sys.argv[1:] = ['--features', '.', '--name', 'a', '--splits', '.']; runpy.run_path({str(tool)!r}, "
        "run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert done.returncode == 2
    assert done.stderr == 'error: not installed: scipy, tabulate; pip install "fastreid-mm[evaluation]" brings it\n'


def test_what_runs_leave_behind_is_ignored_by_git():
    folders = ["logs", "datasets", "data", "work_dirs", "build", ".venv"]
    assert {f"/{name}/" for name in folders} <= set((PROJECT / ".gitignore").read_text().split())
