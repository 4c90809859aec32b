"""Fused kernels of optimisers."""

import pytest
import torch
from torch import nn

from fastreid_mm.common.errors import InputError
from fastreid_mm.engine.schedule import build_optimizer


def trained(cfg):
    """The weights of a small network after three steps, and the optimiser."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(7, 5), nn.Tanh(), nn.Linear(5, 1))
    optimizer = build_optimizer(cfg, model)
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.randn(4, 7)).square().sum().backward()
        optimizer.step()
    return torch.cat([weight.detach().flatten() for weight in model.parameters()]), optimizer


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
@pytest.mark.parametrize("clipped", [False, True])
def test_a_fused_kernel_trains_the_same(tiny_cfg, name, clipped):
    options = ("SOLVER.OPT", name, "SOLVER.BASE_LR", 0.1, "SOLVER.CLIP_GRADIENTS.ENABLED", clipped)
    (plain, _), (fused, optimizer) = (trained(tiny_cfg(*options, "SOLVER.FUSED", on)) for on in (False, True))
    assert all(group["fused"] for group in optimizer.param_groups)
    torch.testing.assert_close(fused, plain, rtol=1e-5, atol=1e-6)


def test_an_optimiser_without_such_a_kernel_is_refused(tiny_cfg):
    with pytest.raises(InputError, match="^SOLVER.FUSED: PyTorch has no fused kernel of SOLVER.OPT RMSprop$"):
        trained(tiny_cfg("SOLVER.OPT", "RMSprop", "SOLVER.FUSED", True))
