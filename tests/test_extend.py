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

from tests.conftest import write_image

PROJECT = Path(__file__).parent.parent
PAGE = (PROJECT / "docs" / "extend.md").read_text()
BLOCKS = [textwrap.dedent(block) for block in re.findall(r"^ *```python\n(.*?)^ *```", PAGE, re.DOTALL | re.MULTILINE)]


def block(word: str) -> str:
    """The page's one block of code that a word is in, up to where the page tries it out."""
    (found,) = [code for code in BLOCKS if word in code]
    return found.split("\ncfg = load_config")[0]


@pytest.fixture
def package(tmp_path) -> Path:
    """A package with a module for each block: the method learns by the new loss, the set has the new protocol."""
    folder = tmp_path / "night"
    folder.mkdir()
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
    for name, code in modules.items():
        (folder / f"{name}.py").write_text(code)
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


def run(tool: str, folder: Path, data: Path, *arguments: object) -> str:
    """Output of a script of the project's in a process of its own, which knows the package by its folder alone."""
    environment = {
        **os.environ,
        "FASTREID_DATASETS": str(data),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": f"{folder}{os.pathsep}{PROJECT}",
    }
    command = [sys.executable, PROJECT / "tools" / tool, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def train(folder: Path, data: Path, config: str, *options: str) -> tuple[dict, str]:
    """Results and log of a training with the package."""
    log = run(
        *("train_net.py", folder, data, "--config-file", config, "IMPORTS", "['night']"),
        *("SOLVER.MAX_EPOCH", "1", "SOLVER.IMS_PER_BATCH", "8", *options),
    )
    return json.loads((folder / "out" / "results.json").read_text()), log


def test_a_method_with_a_loss_and_a_key_of_its_own_trains_and_is_exported(package, sysu_root, tiny_config):
    options = ["MODEL.META_ARCHITECTURE", "Plain", "MODEL.PLAIN.DIM", "20"]
    results, log = train(package, sysu_root, tiny_config("SYSU/agw.yml"), *options)
    assert 0 < results["SYSUMM01"]["all_search_1shot"]["mAP"] <= 100
    assert "loss_gap: " in log and "loss_id: " in log
    weights = package / "out" / "model_final.pth"
    assert torch.load(weights, weights_only=True)["model"]["narrow.weight"].shape[0] == 20
    model = ["--config-file", package / "out" / "config.yaml", "--weights", weights]
    gallery = ["--images", sysu_root / "SYSU-MM01" / "cam1", "--modality", "visible", "--index", "gallery.index"]
    assert " images" in run("index_gallery.py", package, sysu_root, *model, *gallery)
    assert json.loads((package / "gallery.index.json").read_text())["identity"]["size"] == 20
    run("export.py", package, sysu_root, *model, "--output", "network.pt2")
    tested = ["--eval-only", "MODEL.WEIGHTS", weights, "OUTPUT_DIR", "again"]
    run("train_net.py", package, sysu_root, "--config-file", package / "out" / "config.yaml", *tested)
    compared = run("compare_runs.py", package, sysu_root, "out", "again")
    (line,) = [
        line for line in compared.splitlines() if line.startswith("SYSUMM01/all_search_1shot") and " mAP " in line
    ]
    assert line.split()[4] == "+0.00" and line.endswith("no") and "config MODEL.WEIGHTS" in compared


def test_a_head_and_a_loss_term_of_its_own_train_on_our_network(package, sysu_root, tiny_config):
    options = ["MODEL.HEADS.NAME", "ShortHead", "MODEL.PLAIN.DIM", "12"]
    names = ["MODEL.LOSSES.NAME", "['CrossEntropyLoss','CircleLoss','ModalityGap']"]
    results, log = train(package, sysu_root, tiny_config("SYSU/agw.yml"), *options, *names)
    assert 0 < results["SYSUMM01"]["all_search_1shot"]["mAP"] <= 100
    assert all(f"{loss}: " in log for loss in ("loss_cls", "loss_circle", "loss_modality_gap"))


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
