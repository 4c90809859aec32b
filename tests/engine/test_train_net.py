"""The command, as a user runs it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image

TOOLS = Path(__file__).parent.parent.parent / "tools"


@pytest.fixture
def train_net(sysu_root):
    def run(*arguments: str, status: int = 0, root=sysu_root):
        environment = {**os.environ, "FASTREID_DATASETS": str(root), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, str(TOOLS / "train_net.py"), *map(str, arguments)],
            text=True,
            capture_output=True,
            env=environment,
            timeout=300,
        )
        assert done.returncode == status, done.stdout[-2000:] + done.stderr[-2000:]
        return done

    return run


def test_train_resume_and_evaluate(train_net, tiny_config, tmp_path):
    config, out = tiny_config(), tmp_path / "out"
    done = train_net("--config-file", config, "SOLVER.MAX_EPOCH", 1, "SEED", -1)
    assert "all_search_1shot" in done.stdout and "loss_cls" in done.stdout  # plain lines, there is no terminal
    seed = yaml.safe_load((out / "config.yaml").read_text())["SEED"]
    assert seed >= 0 and f"Seed {seed}" in done.stdout
    results = json.loads((out / "results.json").read_text())
    train_net("--config-file", config, "--resume", "SOLVER.MAX_EPOCH", 2, "SEED", -1)
    assert yaml.safe_load((out / "config.yaml").read_text())["SEED"] == seed
    done = train_net(
        "--config-file",
        config,
        "--eval-only",
        "MODEL.WEIGHTS",
        out / "model_final.pth",
        "OUTPUT_DIR",
        tmp_path / "tested",
    )
    tested = json.loads((tmp_path / "tested" / "results.json").read_text())
    assert tested == json.loads((out / "results.json").read_text()) != results


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


def test_mistakes_end_in_one_line_and_touch_nothing(train_net, tiny_config, tmp_path, sysu_root):
    config, out = tiny_config(), tmp_path / "out"

    def error(*arguments, **options):
        done = train_net(*arguments, status=2, **options)
        lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1 and "Traceback" not in done.stderr + done.stdout
        return lines[0]

    assert "MODEL.CMTR.LAMDBA" in error("--config-file", config, "MODEL.CMTR.LAMDBA", 1)
    assert not out.exists()
    assert str(tmp_path / "SYSU-MM01") in error("--config-file", config, root=tmp_path)
    assert "none.pth" in error("--config-file", config, "--eval-only", "MODEL.WEIGHTS", "none.pth")


def test_an_unreadable_image_is_named_from_a_worker(train_net, tiny_config, tmp_path, sysu_root):
    import shutil

    shutil.copytree(sysu_root, tmp_path / "data")
    for path in (tmp_path / "data" / "SYSU-MM01" / "cam3").rglob("*.jpg"):
        Image.open(path).save(path, "PNG")
        content = path.read_bytes()
        path.write_bytes(content[:100] + bytes(100) + content[200:])  # its header and its end are those of a whole file
    done = train_net("--config-file", tiny_config(), "DATALOADER.NUM_WORKERS", 1, status=2, root=tmp_path / "data")
    assert re.search(r"^error: cannot read image .*cam3/\d{4}/\d{4}.jpg", done.stderr, re.MULTILINE)
    assert "Traceback" not in done.stderr + done.stdout
