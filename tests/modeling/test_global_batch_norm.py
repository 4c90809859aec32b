from copy import deepcopy

import pytest
import torch
from fastreid.layers.batch_norm import GhostBatchNorm
from timm.layers import BatchNormAct2d
from torch import nn

from fastreid_mm.modeling import global_batch_norm
from fastreid_mm.modeling.global_batch_norm import GlobalBatchNorm, synchronize_batch_norm

LAYERS = {
    "features": (nn.BatchNorm1d(3), (6, 3)),
    "tokens": (nn.BatchNorm1d(3), (6, 3, 4)),
    "maps": (nn.BatchNorm2d(3, momentum=0.5), (6, 3, 4, 2)),
    "a cumulative mean": (nn.BatchNorm2d(3, momentum=None), (6, 3, 4, 2)),
    "no affine": (nn.BatchNorm2d(3, affine=False, track_running_stats=False), (6, 3, 4, 2)),
    "an activation": (BatchNormAct2d(3, act_layer=nn.SiLU), (6, 3, 4, 2)),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_in_one_process_it_is_the_layer_that_it_replaces(kind):
    layer, shape = LAYERS[kind]
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Identity(), deepcopy(layer)).double()
    for value in plain.parameters():
        nn.init.uniform_(value)
    replaced = deepcopy(plain)
    synchronize_batch_norm(replaced)
    assert isinstance(replaced[1], GlobalBatchNorm) and list(replaced.state_dict()) == list(plain.state_dict())
    found = []
    for model in (plain, replaced):
        torch.manual_seed(1)
        for _ in range(2):
            values = (7 + torch.randn(shape, dtype=torch.float64)).requires_grad_()
            outcome = model(values)
        outcome.square().sum().backward()
        gradients = [values.grad, *(value.grad for value in model.parameters())]
        found.append([outcome, *gradients, *model.buffers(), model.eval()(values)])
    torch.testing.assert_close(found[1], found[0], rtol=1e-9, atol=1e-12)


def test_processes_with_different_numbers_of_values_are_weighed(monkeypatch):
    values, other = torch.randn(3, 2).double(), torch.randn(5, 2).double() + 4

    def gather(rows):  # those of the other process, which has 5 values
        mean = other.mean(0)
        return torch.cat([rows, torch.stack([mean, (other - mean).square().sum(0), torch.full((2,), 5.0)])[None]])

    monkeypatch.setattr(global_batch_norm, "gather", gather)
    norm = GlobalBatchNorm(nn.BatchNorm1d(2).double())
    together = nn.BatchNorm1d(2).double()
    torch.testing.assert_close(norm(values), together(torch.cat([values, other]))[:3])
    torch.testing.assert_close([*norm.buffers()], [*together.buffers()])


def test_half_precision_stays_half_and_what_normalizes_otherwise_stays():
    norm = GlobalBatchNorm(nn.BatchNorm1d(2))
    assert norm(torch.randn(4, 2).half()).dtype == torch.half and norm.running_mean.dtype == torch.float32
    model = nn.Sequential(GhostBatchNorm(2), nn.BatchNorm2d(2))
    synchronize_batch_norm(model)
    assert [type(layer) for layer in model] == [GhostBatchNorm, GlobalBatchNorm]
