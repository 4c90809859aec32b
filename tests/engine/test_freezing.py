"""``MODEL.FREEZE_LAYERS`` and ``SOLVER.FREEZE_ITERS``."""

from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
from fastreid.engine.train_loop import HookBase
from fastreid.utils import comm

from fastreid_mm.common.errors import InputError
from fastreid_mm.engine.distributed import unwrap, wrap
from fastreid_mm.engine.hooks import LayerFreeze
from fastreid_mm.engine.trainer import MMTrainer

FROZEN = ("backbone.streams", "backbone.rest.layer2")


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


class Look(HookBase):
    """What the model is like after each iteration."""

    def __init__(self):
        self.states, self.gradients = [], []

    def after_step(self):
        named = self.trainer.model.named_parameters()
        self.gradients.append({name for name, value in named if value.grad is not None})
        self.states.append(weights(self.trainer.model))


def frozen(state):
    return {name: value for name, value in state.items() if name.startswith(FROZEN)}


@pytest.fixture
def run(tiny_cfg, sysu_datasets):
    def train(iters, *options):
        options = ("MODEL.FREEZE_LAYERS", list(FROZEN), "SOLVER.FREEZE_ITERS", iters, *options)
        trainer, look = MMTrainer(tiny_cfg(*options, base="SYSU/agw.yml")), Look()
        before = weights(trainer.model)
        trainer.register_hooks([look])
        trainer.train()
        return trainer, before, look

    return train


def test_frozen_layers_and_their_statistics_stay_for_as_long_as_they_should(run):
    """With a test in between, after which fast-reid would gather statistics again."""
    trainer, before, look = run(10**6, "TEST.EVAL_PERIOD", 1)
    iters = trainer.iters_per_epoch + 1
    after = look.states[iters]
    assert any("running_mean" in name for name in frozen(before))
    assert all(torch.equal(value, after[name]) for name, value in frozen(before).items())
    free = [name for name in before if name.startswith("backbone.") and not name.startswith(FROZEN)]
    assert any("running_mean" in name for name in free)
    assert not any(torch.equal(before[name], after[name]) for name in free)
    assert not frozen(dict.fromkeys(look.gradients[iters]))  # nothing is computed for them


def test_then_they_learn(run):
    trainer, before, look = run(2)
    for name, value in frozen(before).items():
        assert torch.equal(look.states[1][name], value) and not torch.equal(look.states[2][name], value), name
    assert all(module.training for module in trainer.model.modules())
    assert "neck.bias" not in look.gradients[-1]  # which never learns


def test_a_layer_that_does_not_exist_is_named(tiny_cfg, sysu_datasets):
    options = ("MODEL.FREEZE_LAYERS", ["backbone", "backbone.layer9"], "SOLVER.FREEZE_ITERS", 1)
    with pytest.raises(InputError, match=r"MODEL.FREEZE_LAYERS: .* backbone.layer9$"):
        MMTrainer(tiny_cfg(*options))


def test_several_processes_wait_for_no_gradient_of_a_frozen_layer(monkeypatch):
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        monkeypatch.setattr(comm, "get_world_size", lambda: 2)
        model = wrap(torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1)), freezes=True)
        hook, learns = LayerFreeze(unwrap(model), ["0"], 2), []
        for iteration in range(4):
            hook.trainer = SimpleNamespace(iter=iteration)
            hook.before_step()
            model.zero_grad()
            model(torch.ones(3, 2)).sum().backward()
            learns.append([value.grad is not None for value in model.parameters()])
    finally:
        dist.destroy_process_group()
    assert learns == [[False, False, True, True]] * 2 + [[True] * 4] * 2
