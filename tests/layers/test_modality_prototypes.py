import pytest
import torch

from fastreid_mm.layers import ModalityPrototypes


def make(total=None, slots=4):
    torch.manual_seed(0)
    layer = ModalityPrototypes(3, slots, num_modalities=2)
    for linear in layer.maps:
        torch.nn.init.normal_(linear.weight)
    layer.total_iterations = total
    return layer


def batches(count=6):
    random = torch.Generator().manual_seed(1)
    return [(torch.randn(2, 2, 3, generator=random), torch.randperm(4, generator=random)[:2]) for _ in range(count)]


@torch.no_grad()
def test_equals_the_loop():
    layer, memory = make(total=6), {}
    for iteration, (features, slots) in enumerate(batches()):
        found = layer(features, slots)
        beta = 1e-8 + (1 - 1e-8) * iteration / 5
        for modality in range(2):
            for row, slot in enumerate(slots.tolist()):
                mapped = layer.maps[modality].weight @ features[modality, row]
                old = memory.get((modality, slot))
                new = mapped if old is None else beta * mapped + (1 - beta) * old
                memory[modality, slot] = new
                torch.testing.assert_close(found[modality, row], new)


def test_maps_start_at_the_identity_and_the_first_features_enter_as_they_are():
    layer, features = ModalityPrototypes(3, 4), torch.randn(3, 4, 3)
    layer.total_iterations = 10
    torch.testing.assert_close(layer(features, torch.arange(4)), features)


def test_beta_rises_from_1e_8_to_1_and_stays():
    layer, seen = make(total=5), []
    for _ in range(7):
        seen.append(layer.beta.item())
        layer(torch.randn(2, 4, 3), torch.arange(4))
    assert seen == pytest.approx([1e-8, 0.25, 0.5, 0.75, 1, 1, 1])
    assert make().beta == 1  # nobody said how long training is


def test_the_gradient_goes_through_the_present_only():
    layer = make(total=3)
    features = [torch.randn(2, 4, 3, requires_grad=True) for _ in range(2)]
    for batch in features:
        prototypes = layer(batch, torch.arange(4))
    prototypes.sum().backward()
    assert features[0].grad is None
    expected = layer.maps[0].weight.detach().sum(0).expand(4, 3) * 0.5  # beta of iteration 1 of 3
    torch.testing.assert_close(features[1].grad[0], expected)


def test_the_gradient_of_a_compiled_layer_is_that_of_the_same_iteration():
    layer, other = make(total=3), make(total=3)
    calls = [lambda features, of=of: of(features, torch.arange(4)) for of in (layer, other)]
    calls[1] = torch.compile(calls[1], backend="aot_eager_decomp_partition", fullgraph=True)
    for _ in range(3):
        features, found = torch.randn(2, 4, 3), []
        for call in calls:
            present = features.clone().requires_grad_()
            (call(present) ** 2).sum().backward()
            found.append(present.grad)
        torch.testing.assert_close(*found)
    assert all(torch.equal(*pair) for pair in zip(layer.buffers(), other.buffers()))


def test_state_goes_into_a_checkpoint_and_back():
    whole, first = make(total=6), make(total=6)
    expected = [whole(*batch) for batch in batches()][3:]
    for batch in batches()[:3]:
        first(*batch)
    resumed = ModalityPrototypes(3, 4, num_modalities=2)
    resumed.load_state_dict(first.state_dict())
    resumed.total_iterations = 6
    assert resumed.iteration == 3
    for batch, value in zip(batches()[3:], expected):
        assert torch.equal(resumed(*batch), value)


def test_more_samples_than_slots_are_refused_and_fewer_are_not():
    layer = make()
    with pytest.raises(ValueError, match="5 samples .* 4 prototypes"):
        layer(torch.randn(2, 5, 3), torch.arange(5))
    assert layer(torch.randn(2, 3, 3), torch.arange(3)).shape == (2, 3, 3)
    assert layer.memory_used.tolist() == [1, 1, 1, 0]
