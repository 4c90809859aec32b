"""A loss, method, key, data set and protocol, added by a package of one's own from what docs/extend.md says alone."""

import json
import os
import re
import subprocess
import sys
import textwrap
from itertools import product
from pathlib import Path

import pytest
import torch

from tests.conftest import write_image, write_tiny_config

PROJECT = Path(__file__).parent.parent
PAGE = (PROJECT / "docs" / "extend.md").read_text()
BLOCKS = [textwrap.dedent(block) for block in re.findall(r"^ *```python\n(.*?)^ *```", PAGE, re.DOTALL | re.MULTILINE)]


def block(word: str) -> str:
    """The page's one block of code that a word is in, up to where the page tries it out."""
    (found,) = [code for code in BLOCKS if word in code]
    return found.split("\ncfg = load_config")[0]


def write_package(place: Path) -> None:
    """A package with a module for each block: the method learns by the new loss, the set has the new protocol."""
    method = block("class Plain").replace(
        'return {"loss_id":', 'return {"loss_gap": modality_gap(feature, batch["modalities"]), "loss_id":'
    )
    modules = {
        "__init__": "import fastreid_mm.engine  # first\n"
        + block("def add_config")
        + "\n\nfrom night import data_set, head, loss, method, protocol, term  # noqa: E402\n",
        "loss": block("def modality_gap"),
        "term": "from night.loss import modality_gap\n" + block("class ModalityGap"),
        "head": block("class ShortHead"),
        "method": "from night.loss import modality_gap\n" + method,
        "data_set": block("class NightVehicles") + '    protocol = "both_ways"\n',
        "protocol": block("class BothWays"),
    }
    (place / "night").mkdir()
    for name, code in modules.items():
        (place / "night" / f"{name}.py").write_text(code)


def draw_night_vehicles(root: Path) -> None:
    """The new set: 4 training and 6 test identities, two samples each under two cameras, in two modalities."""
    for part, ids, camera, index in product(("train", "query", "gallery"), (range(4), range(4, 10)), (1, 2), (0, 1)):
        if (part == "train") == (ids.start == 0) and (part == "train" or (part == "query") == (index == 0)):
            for number, modality in enumerate(("RGB", "TI")):
                for pid in ids:
                    path = root / "NightVehicles" / part / modality / f"{pid + 1:04d}_c{camera}_{index}.jpg"
                    write_image(path, 10_000 * number + 100 * pid + index)


RUN = """
import os, runpy, sys
for root, tool, *words in {runs}:
    os.environ["FASTREID_DATASETS"], sys.argv = root, [tool, *words]
    runpy.run_path(tool, run_name="__main__")
"""


@pytest.fixture(scope="module")
def night(tmp_path_factory, sysu_root) -> tuple[Path, str]:
    """The folder of the package and of its runs, and their output.

    The project's scripts run in one new process, which knows the package by its folder alone.
    """
    place = tmp_path_factory.mktemp("outside")
    write_package(place)
    draw_night_vehicles(place)
    runs: list[list[object]] = []

    def run(root: Path, tool: str, *words: object) -> None:
        runs.append([root, PROJECT / "tools" / tool, *words])

    def train(root: Path, name: str, base: str, *options: str) -> None:
        config = write_tiny_config(place / f"{name}.yml", base, place / name)
        short = ("IMPORTS", "['night']", "SOLVER.MAX_EPOCH", "1", "SOLVER.IMS_PER_BATCH", "8")
        run(root, "train_net.py", "--config-file", config, *short, *options)

    train(sysu_root, "method", "SYSU/agw.yml", "MODEL.META_ARCHITECTURE", "Plain", "MODEL.PLAIN.DIM", "20")
    model = ["--config-file", place / "method/config.yaml", "--weights", place / "method/model_final.pth"]
    gallery = ["--images", sysu_root / "SYSU-MM01/cam1", "--modality", "visible", "--index", "gallery.index"]
    run(sysu_root, "index_gallery.py", *model, *gallery)
    run(sysu_root, "export.py", *model, "--output", "network.pt2")
    tested = ["--eval-only", "MODEL.WEIGHTS", model[-1], "OUTPUT_DIR", "again"]
    run(sysu_root, "train_net.py", *model[:2], *tested)
    run(sysu_root, "compare_runs.py", "method", "again")
    names = ["MODEL.LOSSES.NAME", "['CrossEntropyLoss','CircleLoss','ModalityGap']"]
    slow = ["SOLVER.BASE_LR", "0.001"]  # with 0.1 the circle loss is infinite for a third of all seeds
    train(sysu_root, "term", "SYSU/agw.yml", "MODEL.HEADS.NAME", "ShortHead", "MODEL.PLAIN.DIM", "12", *slow, *names)
    sets = ["DATASETS.NAMES", "('NightVehicles',)", "DATASETS.TESTS", "('NightVehicles',)"]
    modalities = ["DATASETS.ALIGNED.MODALITIES", "('RGB', 'TI')", "TEST.RANKS", "(1, 5)"]
    train(place, "set", "RGBNT201/ieee.yml", *sets, *modalities)
    code = RUN.format(runs=[list(map(str, words)) for words in runs])
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{place}{os.pathsep}{PROJECT}"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=place, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return place, done.stdout


def test_a_method_with_a_loss_and_a_key_of_its_own_trains_and_is_exported(night):
    place, said = night
    results = json.loads((place / "method/results.json").read_text())
    assert 0 < results["SYSUMM01"]["all_search_1shot"]["mAP"] <= 100
    log = (place / "method/log.txt").read_text()
    assert "loss_gap: " in log and "loss_id: " in log
    assert torch.load(place / "method/model_final.pth", weights_only=True)["model"]["narrow.weight"].shape[0] == 20
    assert "gallery.index: 60 images" in said and "network.pt2: " in said
    assert json.loads((place / "gallery.index.json").read_text())["identity"]["size"] == 20
    (line,) = [line for line in said.splitlines() if line.startswith("SYSUMM01/all_search_1shot") and " mAP " in line]
    assert line.split()[4] == "+0.00" and line.endswith("no") and "config MODEL.WEIGHTS" in said


def test_a_head_and_a_loss_term_of_its_own_train_on_our_network(night):
    place, _ = night
    results = json.loads((place / "term/results.json").read_text())
    assert 0 < results["SYSUMM01"]["all_search_1shot"]["mAP"] <= 100
    log = (place / "term/log.txt").read_text()
    assert all(f"{loss}: " in log for loss in ("loss_cls", "loss_circle", "loss_modality_gap"))


def test_a_data_set_is_tested_by_a_protocol_of_its_own(night):
    place, _ = night
    results = json.loads((place / "set/results.json").read_text())
    assert set(results["NightVehicles"]) == {"there", "back"}
    assert all(0 < metrics["mAP"] <= 100 for metrics in results["NightVehicles"].values())
