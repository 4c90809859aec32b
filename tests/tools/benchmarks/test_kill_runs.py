"""Three faults; the tool's table of docs/training.md has hundreds."""

import torch
from kill_runs import campaign, fastreid_training, same

from fastreid_mm.engine import MMTrainer

OPTIONS = ("SOLVER.IMS_PER_BATCH", "8", "SOLVER.CHECKPOINT_ITERS", "2", "SOLVER.MAX_EPOCH", "1")


def test_nothing_is_lost(tiny_config, monkeypatch, sysu_root, tmp_path):
    monkeypatch.setenv("FASTREID_DATASETS", str(sysu_root))
    for name in ("test", "check_test_sets"):
        monkeypatch.setattr(MMTrainer, name, classmethod(lambda *_: {}))
    found = list(campaign(fastreid_training(tiny_config(), list(OPTIONS)), tmp_path / "runs", number=3, seed=5))
    assert len(found) == 3 and found[-1][2] is not None  # the last training was brought to its end
    assert all(equal is not False for _, _, equal in found)
    assert not [outcome for _, outcome, _ in found if outcome.startswith(("status", "hangs"))]


def test_any_difference_is_seen():
    one = {"a": [torch.zeros(2), 1], "b": {"c": 2.0}}
    assert same(one, {"a": [torch.zeros(2), 1], "b": {"c": 2.0}})
    assert not same(one, {"a": [torch.tensor([0, 1e-30]), 1], "b": {"c": 2.0}})
    assert not same(one, {"a": [torch.zeros(2), 1], "b": {}})
    assert not same(one, {"a": [torch.zeros(2).double(), 1], "b": {"c": 2.0}})
