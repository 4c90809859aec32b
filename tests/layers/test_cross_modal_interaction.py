import pytest
import torch

from fastreid_mm.layers import CrossModalInteraction


def by_hand(module, maps, index):
    """Eq. 1 and 2 for one modality."""
    rest = sum(maps[:, other] for other in range(maps.shape[1]) if other != index)
    feature, mlp = module.others[index](rest), module.attention[index].mlp
    mean = torch.stack([feature[:, :, row, column] for row in range(4) for column in range(3)], -1).mean(-1)
    peak = feature.flatten(2).max(-1).values
    attention = torch.sigmoid(mlp(mean[:, :, None, None]) + mlp(peak[:, :, None, None]))
    return module.own[index](maps[:, index]) + attention * feature + feature


@pytest.mark.parametrize("modalities", [2, 3, 4])
def test_equals_the_equations(modalities):
    torch.manual_seed(0)
    module = CrossModalInteraction(8, modalities, reduction=2).eval()
    maps = torch.rand(2, modalities, 8, 4, 3)
    result = module(maps)
    assert result.shape == maps.shape
    for index in range(modalities):
        torch.testing.assert_close(result[:, index], by_hand(module, maps, index))
    torch.testing.assert_close(module(maps, torch.ones(2, modalities, dtype=torch.bool)), result)


def test_in_training_results_and_gradients_equal_those_of_the_equations():
    torch.manual_seed(0)
    module = CrossModalInteraction(8, 3, reduction=2).double()
    maps = torch.rand(2, 3, 8, 4, 3, dtype=torch.float64, requires_grad=True)
    by_equations = torch.stack([by_hand(module, maps, index) for index in range(3)], 1)
    towards = torch.rand_like(maps)
    wanted = [maps, *module.parameters()]
    found, expected = (torch.autograd.grad(each, wanted, towards) for each in (module(maps), by_equations))
    for ours, theirs in zip(found, expected):
        torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=1e-9)


def test_a_missing_modality_leaves_the_sum_and_the_rest_is_scaled_up():
    torch.manual_seed(0)
    module = CrossModalInteraction(8, 3, reduction=2).eval()
    maps = torch.rand(2, 3, 8, 4, 3)
    maps[1, 2] = 0
    found = module(maps, torch.tensor([[True] * 3, [True, True, False]]))
    torch.testing.assert_close(found[0], module(maps)[0])
    as_if = maps[1:].clone()
    as_if[0, 2] = as_if[0, 1]  # the first modality's others are then twice the second
    torch.testing.assert_close(found[1, 0], by_hand(module, as_if, 0)[0])


def test_one_modality_alone_gets_no_boost():
    torch.manual_seed(0)
    module = CrossModalInteraction(8, 2, reduction=2).eval()
    maps = torch.rand(1, 2, 8, 4, 3)
    maps[0, 1] = 0
    found = module(maps, torch.tensor([[True, False]]))
    torch.testing.assert_close(found[:, 0], module.own[0](maps[:, 0]))
    with pytest.raises(ValueError, match="1 modality"):
        CrossModalInteraction(8, 1)
