"""BatchNorm statistics that are averages over training batches."""

import json

import pytest
import torch
from torch import nn

from fastreid_mm.common.errors import InputError
from fastreid_mm.engine import MMTrainer
from fastreid_mm.engine.precise_bn import renew_statistics
from fastreid_mm.inference.testing import evaluate_only

KEYS = ("TEST.PRECISE_BN.ENABLED", True, "TEST.PRECISE_BN.NUM_ITER", 14, "SOLVER.MAX_EPOCH", 1, "TEST.RANKS", "(1,)")


class Twice(nn.Module):
    """Two layers, the second on what the first makes of a batch, and a memory of the batch."""

    def __init__(self):
        super().__init__()
        self.first, self.scale, self.second = nn.BatchNorm1d(3), nn.Linear(3, 2), nn.BatchNorm1d(2)
        self.register_buffer("memory", torch.zeros(3))

    def forward(self, batch):
        self.memory += batch["x"].mean(0)
        return {"loss": self.second(self.scale(self.first(batch["x"]))).sum()}


def test_equals_a_loop_over_batches():
    torch.manual_seed(0)
    model, batches = Twice(), [{"x": 3 * torch.randn(5, 3) + 1} for _ in range(7)]
    model({"x": torch.randn(9, 3)})  # statistics and a memory to begin with
    memory, weight = model.memory.clone(), model.scale.weight.clone()
    model.eval()
    renew_statistics(model, batches)
    means, variances, inner = [], [], []
    for batch in batches:
        x = batch["x"]
        mean, deviation = x.mean(0), x.var(0, unbiased=False)
        means.append(mean)
        variances.append(x.var(0, unbiased=True))
        inner.append(model.scale((x - mean) / (deviation + 1e-5).sqrt()))
    assert torch.allclose(model.first.running_mean, torch.stack(means).mean(0))
    assert torch.allclose(model.first.running_var, torch.stack(variances).mean(0))
    assert torch.allclose(model.second.running_mean, torch.stack([x.mean(0) for x in inner]).mean(0), atol=1e-6)
    assert torch.allclose(model.second.running_var, torch.stack([x.var(0) for x in inner]).mean(0))
    assert torch.equal(model.memory, memory) and torch.equal(model.scale.weight, weight)
    assert not any(part.training for part in model.modules()) and model.first.momentum == 0.1


def test_frozen_layers_keep_their_statistics():
    model = Twice()
    renew_statistics(model, [{"x": torch.randn(4, 3) + 5}], [model.first])
    assert model.first.running_mean.tolist() == [0, 0, 0] and model.second.running_mean.abs().sum() > 0
    assert model.first.training and model.first.momentum == 0.1


def statistics(path):
    return {
        name: value
        for name, value in torch.load(path, weights_only=True)["model"].items()
        if name.endswith(("running_mean", "running_var"))
    }


def test_the_final_checkpoint_has_them_and_results_say_so(tiny_cfg, sysu_datasets):
    """A test of the checkpoint gives the same with the key, which does it again, and without."""
    cfg = tiny_cfg(*KEYS, base="SYSU/agw.yml")
    results = MMTrainer(cfg).train()
    MMTrainer(tiny_cfg(*KEYS[4:], base="SYSU/agw.yml", output="plain")).train()
    plain, precise = (statistics(tiny_cfg(output=name).OUTPUT_DIR + "/model_final.pth") for name in ("plain", "out"))
    assert all(not torch.allclose(plain[name], precise[name]) for name in plain)
    weights = ("MODEL.WEIGHTS", f"{cfg.OUTPUT_DIR}/model_final.pth")
    again = evaluate_only(tiny_cfg(*KEYS, *weights, base="SYSU/agw.yml", output="again"))
    found = evaluate_only(tiny_cfg(*KEYS[4:], *weights, base="SYSU/agw.yml", output="without"))
    with open(f"{cfg.OUTPUT_DIR}/results.json") as file:
        assert json.load(file) == results
    for setting, metrics in results["SYSUMM01"].items():
        assert metrics.pop("batch norm") == "statistics of 14 training batches"
        assert metrics.pop("initial weights") == "random"  # said of trainings alone
        assert again["SYSUMM01"][setting] == {**metrics, "batch norm": "statistics of 14 training batches"}
        assert found["SYSUMM01"][setting] == metrics


@pytest.mark.parametrize(
    ("options", "message"),
    [(("NUM_ITER", 0), "NUM_ITER 0 is not 1 or more"), (("DATASET", "RegDB"), "'RegDB' is not one of")],
)
def test_what_cannot_be_done_is_refused_before_training(tiny_cfg, options, message):
    with pytest.raises(InputError, match=message):
        MMTrainer(tiny_cfg(*KEYS, f"TEST.PRECISE_BN.{options[0]}", options[1]))
