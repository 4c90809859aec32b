"""Precision and compiled networks in training."""

import pytest
import torch

from fastreid_mm.common.errors import InputError
from fastreid_mm.engine import MMTrainer
from fastreid_mm.engine.setup import settle
from fastreid_mm.engine.step import training_precision
from fastreid_mm.modeling import tested_network
from fastreid_mm.settings.load import with_values

pytestmark = pytest.mark.usefixtures("sysu_datasets")


@pytest.mark.parametrize(
    "options, device, expected",
    [
        ((), "cpu", "float32"),
        (("SOLVER.AMP.ENABLED", True), "cpu", "bfloat16"),
        (("SOLVER.AMP.ENABLED", True), "cuda", "float16"),
        (("SOLVER.AMP.ENABLED", True, "SOLVER.AMP.DTYPE", "bfloat16"), "cuda:1", "bfloat16"),
        (("SOLVER.AMP.ENABLED", True, "SOLVER.AMP.DTYPE", "float16"), "cpu", "float16"),
    ],
)
def test_precision_of_training(tiny_cfg, options, device, expected):
    assert training_precision(with_values(tiny_cfg(*options), MODEL__DEVICE=device)) == expected


def test_a_compiled_network_trains_and_tests_as_it_does_otherwise(tiny_cfg, monkeypatch):
    """Paths of images would make a graph for every batch."""
    graphs = []

    def count(graph, _):
        graphs.append(graph)
        return graph.forward

    compiled = torch.compile
    monkeypatch.setattr(
        tested_network.torch, "compile", lambda model, **options: compiled(model, backend=count, **options)
    )
    torch._dynamo.reset()
    weights, results = [], []
    for flag in (False, True):
        options = ("SOLVER.COMPILE", flag, "TEST.COMPILE", flag, "SOLVER.MAX_EPOCH", 1, "DETERMINISTIC", False)
        trainer = MMTrainer(tiny_cfg(*options, "SOLVER.OPT", "SGD", output=f"compiled{flag}"))
        results.append(trainer.train())
        weights.append(trainer.model.state_dict())
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, atol=1e-4, rtol=1e-3, msg=name)
    assert 2 <= len(graphs) <= 8


def test_parts_of_a_batch_are_not_compiled(tiny_cfg):
    with pytest.raises(InputError, match="ACCUMULATION_PARTS 2 and SOLVER.COMPILE do not go together"):
        MMTrainer(tiny_cfg("SOLVER.ACCUMULATION_PARTS", 2, "SOLVER.COMPILE", True))


def test_gpus_compute_as_the_config_says(tiny_cfg):
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark
    for tf32, expected in (("always", (True, True)), ("never", (False, False)), ("convolutions", (False, True))):
        settle(tiny_cfg("TF32", tf32, "CUDNN_BENCHMARK", tf32 == "always"))
        assert (matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark) == (*expected, tf32 == "always")
    settle(tiny_cfg("CUDNN_BENCHMARK", True, "DETERMINISTIC", True))
    assert not cudnn.benchmark
    settle(tiny_cfg())
    assert (matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark) == before
