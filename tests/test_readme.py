"""The README's Python code, run as it stands there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
SCRIPTS = [block for block in BLOCKS if "parse_args()" in block]


@pytest.mark.parametrize("block", [block for block in BLOCKS if block not in SCRIPTS], ids=range(len(BLOCKS) - 1))
def test_a_block_runs(block):
    exec(block, {})


def test_the_train_script_runs_resumes_and_leaves_its_results(tmp_path, tiny_config, sysu_root):
    (block,) = SCRIPTS
    (tmp_path / "train.py").write_text(block)
    environment = {**os.environ, "FASTREID_DATASETS": str(sysu_root), "OMP_NUM_THREADS": "1",
                   "PYTHONPATH": str(Path(__file__).parent.parent)}

    def run(*options: str) -> None:
        subprocess.run([sys.executable, "train.py", "--config-file", tiny_config(), *options, "SEED", "-1"],
                       cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=300)

    run("SOLVER.MAX_EPOCH", "1")
    first = json.loads((tmp_path / "out" / "results.json").read_text())
    assert 0 < first["SYSUMM01"]["all_search_1shot"]["mAP"] <= 100
    run("--resume")
    assert json.loads((tmp_path / "out" / "results.json").read_text()) != first
    log = (tmp_path / "out" / "log.txt").read_text()
    seeds = re.findall(r"Seed (\d+)", log)
    assert len(set(seeds)) == 2 and seeds[0] == seeds[-1]  # the second run drew one, then took up the first one's
    assert log.count("| all_search_1shot") == 2
