"""A loss, a method, a data set and a protocol, added by a package of one's own from what docs/extend.md says alone."""

import json
import os
import re
import subprocess
import sys
import textwrap
from itertools import product
from pathlib import Path

import pytest

from tests.conftest import write_image

PROJECT = Path(__file__).parent.parent
PAGE = (PROJECT / "docs" / "extend.md").read_text()
BLOCKS = [textwrap.dedent(block) for block in re.findall(r"^ *```python\n(.*?)^ *```", PAGE, re.DOTALL | re.MULTILINE)]

TRAIN = """
import sys
import fastreid_mm.engine
import night  # registers
from fastreid_mm.engine import MMTrainer
from fastreid_mm.engine.setup import load_config

MMTrainer(load_config(sys.argv[1], sys.argv[2:])).train()
"""


def block(word: str) -> str:
    """The page's one block of code that a word is in, up to where the page tries it out."""
    (found,) = [code for code in BLOCKS if word in code]
    return found.split("\ncfg = get_cfg()")[0]


@pytest.fixture
def package(tmp_path) -> Path:
    """A package with a module for each block: the method learns by the new loss, the set has the new protocol."""
    folder = tmp_path / "night"
    folder.mkdir()
    method = block("class Plain").replace(
        'return {"loss_id":', 'return {"loss_gap": modality_gap(feature, batch["modalities"]), "loss_id":'
    )
    modules = {
        "__init__": "from night import data_set, loss, method, protocol\n",
        "loss": block("def modality_gap"),
        "method": "from night.loss import modality_gap\n" + method,
        "data_set": block("class NightVehicles") + '    protocol = "both_ways"\n',
        "protocol": block("class BothWays"),
    }
    for name, code in modules.items():
        (folder / f"{name}.py").write_text(code)
    (tmp_path / "train.py").write_text(TRAIN)
    return tmp_path


@pytest.fixture
def night_vehicles(tmp_path) -> Path:
    """The new set: 4 training and 6 test identities, two samples each under two cameras, in two modalities."""
    for part, ids, camera, index in product(("train", "query", "gallery"), (range(4), range(4, 10)), (1, 2), (0, 1)):
        if (part == "train") == (ids.start == 0) and (part == "train" or (part == "query") == (index == 0)):
            for number, modality in enumerate(("RGB", "TI")):
                for pid in ids:
                    path = tmp_path / "NightVehicles" / part / modality / f"{pid + 1:04d}_c{camera}_{index}.jpg"
                    write_image(path, 10_000 * number + 100 * pid + index)
    return tmp_path


def train(folder: Path, data: Path, config: str, *options: str) -> tuple[dict, str]:
    """Results and log of a training in a process of its own, which knows the package by its folder alone."""
    environment = {
        **os.environ,
        "FASTREID_DATASETS": str(data),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": f"{folder}{os.pathsep}{PROJECT}",
    }
    command = [sys.executable, "train.py", config, "SOLVER.MAX_EPOCH", "1", "SOLVER.IMS_PER_BATCH", "8", *options]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads((folder / "out" / "results.json").read_text()), done.stdout


def test_a_method_with_a_loss_of_its_own_trains(package, sysu_root, tiny_config):
    results, log = train(package, sysu_root, tiny_config("SYSU/agw.yml"), "MODEL.META_ARCHITECTURE", "Plain")
    assert 0 < results["SYSUMM01"]["all_search_1shot"]["mAP"] <= 100
    assert "loss_gap: " in log and "loss_id: " in log


def test_a_data_set_is_tested_by_a_protocol_of_its_own(package, night_vehicles, tiny_config):
    results, _ = train(
        package,
        night_vehicles,
        tiny_config("RGBNT201/ieee.yml"),
        *("DATASETS.NAMES", "('NightVehicles',)", "DATASETS.TESTS", "('NightVehicles',)"),
        *("DATASETS.ALIGNED.MODALITIES", "('RGB', 'TI')", "TEST.RANKS", "(1, 5)"),
    )
    assert set(results["NightVehicles"]) == {"there", "back"}
    assert all(0 < metrics["mAP"] <= 100 for metrics in results["NightVehicles"].values())
