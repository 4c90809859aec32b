"""The command, as a user runs it: once by its script, then in this process, which has imported the host already."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image

from fastreid_mm.commands import train
from fastreid_mm.common.initial_weights import INITIAL, RANDOM

TRAIN_NET = Path(__file__).parent.parent.parent / "tools" / "train_net.py"


@pytest.fixture
def train_net(sysu_datasets):
    """Train in this process."""

    def run(*arguments):
        train.main(list(map(str, arguments)))

    return run


def script(*arguments):
    """Run the script in a process of its own."""
    command, environment = [sys.executable, TRAIN_NET, *map(str, arguments)], {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, text=True, capture_output=True, env=environment, timeout=300)


def test_train_resume_and_evaluate(train_net, tiny_config, tmp_path):
    config, out = tiny_config(), tmp_path / "out"
    done = script("--config-file", config, "SOLVER.MAX_EPOCH", "1", "SEED", "-1")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "all_search_1shot" in done.stdout and "loss_cls" in done.stdout  # plain lines, there is no terminal
    seed = yaml.safe_load((out / "config.yaml").read_text())["SEED"]
    assert seed >= 0 and f"Seed {seed}" in done.stdout
    results = json.loads((out / "results.json").read_text())
    train_net("--config-file", config, "--resume", "SOLVER.MAX_EPOCH", 2, "SEED", -1)
    assert yaml.safe_load((out / "config.yaml").read_text())["SEED"] == seed
    train_net(
        "--config-file",
        config,
        "--eval-only",
        "MODEL.WEIGHTS",
        out / "model_final.pth",
        "OUTPUT_DIR",
        tmp_path / "tested",
    )
    tested = json.loads((tmp_path / "tested" / "results.json").read_text())
    trained = json.loads((out / "results.json").read_text())
    assert {metrics.pop(INITIAL) for metrics in trained["SYSUMM01"].values()} == {RANDOM}  # a test does not know it
    assert tested == trained != results


def test_two_processes_train_and_rank_like_one(train_net, tiny_config, tmp_path):
    config, out = tiny_config(), tmp_path / "out"
    train_net("--config-file", config, "--num-gpus", 2, "TEST.EVAL_PERIOD", 1)
    both = json.loads((out / "results.json").read_text())
    train_net(
        "--config-file",
        config,
        "--eval-only",
        "MODEL.WEIGHTS",
        out / "model_final.pth",
        "OUTPUT_DIR",
        tmp_path / "single",
    )
    single = json.loads((tmp_path / "single" / "results.json").read_text())
    for setting, metrics in single["SYSUMM01"].items():
        for name, value in metrics.items():
            assert both["SYSUMM01"][setting][name] == (value if isinstance(value, str) else pytest.approx(value))


def test_mistakes_end_in_one_line_and_touch_nothing(train_net, tiny_config, tmp_path, monkeypatch, capsys):
    config, out = tiny_config(), tmp_path / "out"

    def error(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            train_net(*arguments)
        said = capsys.readouterr()
        lines = [line for line in said.err.splitlines() if line.startswith("error: ")]
        assert end.value.code == 2 and len(lines) == 1 and "Traceback" not in said.err + said.out
        return lines[0]

    assert "MODEL.CMTR.LAMDBA" in error("--config-file", config, "MODEL.CMTR.LAMDBA", 1)
    assert not out.exists()
    assert "none.pth" in error("--config-file", config, "--eval-only", "MODEL.WEIGHTS", "none.pth")
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path))
    assert str(tmp_path / "SYSU-MM01") in error("--config-file", config)


def test_an_unreadable_image_is_named_from_a_worker(tiny_config, tmp_path, sysu_root, monkeypatch):
    """By the script: its workers are forks, which a process with threads of other tests should not make."""
    shutil.copytree(sysu_root, tmp_path / "data")
    for path in (tmp_path / "data" / "SYSU-MM01" / "cam3").rglob("*.jpg"):
        Image.open(path).save(path, "PNG")
        content = path.read_bytes()
        path.write_bytes(content[:100] + bytes(100) + content[200:])  # its header and its end are those of a whole file
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path / "data"))
    done = script("--config-file", tiny_config(), "DATALOADER.NUM_WORKERS", 1)
    assert done.returncode == 2 and "Traceback" not in done.stderr + done.stdout
    assert re.search(r"^error: cannot read image .*cam3/\d{4}/\d{4}.jpg", done.stderr, re.MULTILINE)
