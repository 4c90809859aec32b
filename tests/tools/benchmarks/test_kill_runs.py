"""Three faults; the tool's table of docs/training.md has hundreds."""

import json
import os
import subprocess
import sys

import kill_runs
import torch
from kill_runs import same

OPTIONS = ("SOLVER.IMS_PER_BATCH", "8", "SOLVER.CHECKPOINT_ITERS", "2", "SOLVER.MAX_EPOCH", "1")


def test_nothing_is_lost(tiny_config, sysu_root, tmp_path):
    """In a process of its own: the tool forks, which one that has run other tests with threads cannot do."""
    command = [sys.executable, kill_runs.__file__, "--faults", "3", "--seed", "5", "--output", str(tmp_path / "runs")]
    environment = {**os.environ, "FASTREID_DATASETS": str(sysu_root), "OMP_NUM_THREADS": "1"}
    subprocess.run([*command, "--config-file", tiny_config(), *OPTIONS], check=True, timeout=300, env=environment)
    found = json.loads((tmp_path / "runs" / "faults.json").read_text())
    assert found["trainings"] == found["the same"] >= 1 and sum(times for _, times, _ in found["faults"]) == 3
    assert not [outcome for _, _, outcome in found["faults"] if outcome.startswith(("status", "hangs"))]


def test_any_difference_is_seen():
    one = {"a": [torch.zeros(2), 1], "b": {"c": 2.0}}
    assert same(one, {"a": [torch.zeros(2), 1], "b": {"c": 2.0}})
    assert not same(one, {"a": [torch.tensor([0, 1e-30]), 1], "b": {"c": 2.0}})
    assert not same(one, {"a": [torch.zeros(2), 1], "b": {}})
    assert not same(one, {"a": [torch.zeros(2).double(), 1], "b": {"c": 2.0}})
