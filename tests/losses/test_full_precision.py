"""What holds for every loss of the package: the dtype it is in, and that it is a loss of something."""

import pytest
import torch

import fastreid_mm.losses
from fastreid_mm.losses.full_precision import full_precision

TARGETS, MODALITIES = torch.arange(4).repeat(2), torch.arange(2).repeat_interleave(4)


def given():
    """Arguments of each loss, by its name."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(*shape, generator=generator)

    mask = (draw(2, 1, 8, 8) > 0).float()
    return {
        "batch_hard_triplet": (draw(8, 16), TARGETS),
        "center_loss": (draw(8, 16), TARGETS, draw(4, 16)),
        "cross_modal_focal": (draw(2, 1, 8, 8), draw(2, 1, 8, 8), mask),
        "hetero_center": (draw(8, 16), TARGETS, MODALITIES),
        "hetero_center_triplet": (draw(8, 16), TARGETS, MODALITIES),
        "heterogeneous_score_coherence": (draw(8, 5), draw(8, 5)),
        "identity_alignment": (draw(8, 16), draw(8, 16), draw(8, 16), TARGETS),
        "maximum_mean_discrepancy": (draw(8, 16), draw(6, 16)),
        "modality_aware_center": (draw(8, 16), TARGETS),
        "modality_consistency": (draw(8, 2, 8), TARGETS, draw(8, 2, 8), TARGETS),
        "modulation_discriminative": (draw(8, 2, 8), draw(8, 8), draw(8, 8), TARGETS),
        "multi_modal_margin": (draw(8, 2, 8), TARGETS),
        "pixel_position_aware": (draw(2, 1, 8, 8), mask),
        "smoothed_cross_entropy": (draw(8, 5), TARGETS),
        "weighted_regularized_triplet": (draw(8, 16), TARGETS),
    }


def cast(arguments, dtype):
    return tuple(each.to(dtype) if each.is_floating_point() else each for each in arguments)


@pytest.fixture(params=fastreid_mm.losses.__all__)
def loss_and_arguments(request):
    return getattr(fastreid_mm.losses, request.param), given()[request.param]


def test_under_autocast_it_is_what_it_is_without(loss_and_arguments):
    loss, arguments = loss_and_arguments
    expected = loss(*arguments)
    assert expected.dtype == torch.float32 and expected.shape == ()
    with torch.autocast("cpu", torch.bfloat16):
        found = loss(*arguments)
        assert (arguments[0].flatten(1) @ arguments[0].flatten(1).T).dtype == torch.bfloat16  # it is on again
    assert found.dtype == torch.float32 and found == expected


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_of_half_precision_it_is_that_of_float32(loss_and_arguments, dtype, autocast):
    loss, arguments = loss_and_arguments
    half = [each.requires_grad_(each.is_floating_point()) for each in cast(arguments, dtype)]
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        found = loss(*half)
    assert found.dtype == torch.float32 and found.shape == ()
    assert found.item() == loss(*cast([each.detach() for each in half], torch.float32)).item()
    found.backward()
    assert half[0].grad.dtype == dtype and half[0].grad.isfinite().all()


@pytest.mark.parametrize("autocast", [False, True])
def test_float64_stays(loss_and_arguments, autocast):
    loss, arguments = loss_and_arguments
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        found = loss(*cast(arguments, torch.float64))
    assert found.dtype == torch.float64 and found.item() == pytest.approx(loss(*arguments).item(), rel=1e-4)


def test_what_is_not_a_number_is_not_lost(loss_and_arguments):
    loss, (first, *others) = loss_and_arguments
    first.view(-1)[0] = torch.nan
    assert loss(first, *others).isnan()


def test_of_nothing_there_is_none(loss_and_arguments):
    loss, arguments = loss_and_arguments
    with pytest.raises(ValueError, match=rf"{loss.__name__} of nothing: \w+ is \(0, ") as error:
        loss(*(each[:0] for each in arguments))
    assert "\n" not in str(error.value)


def test_features_far_from_zero_have_the_losses_of_float64(loss_and_arguments):
    """Distances are of differences; what is rounded is the features, and means of them."""
    loss, arguments = loss_and_arguments
    if len(arguments[0].shape) != 2 or loss.__name__ == "heterogeneous_score_coherence":
        return
    far = [each + 1000 if each.is_floating_point() else each for each in arguments]
    assert loss(*far).item() == pytest.approx(loss(*cast(far, torch.float64)).item(), rel=1e-3)


def test_names_and_tensors_in_any_place():
    @full_precision
    def loss(features, scale=2.0):
        """A sum."""
        return (features * scale).sum()

    assert loss.__doc__ == "A sum." and loss.__name__ == "loss"
    assert loss(features=torch.ones(3).half(), scale=torch.tensor(3.0).bfloat16()).dtype == torch.float32
    with pytest.raises(ValueError, match=r"loss of nothing: features is \(0,\)"):
        loss(features=torch.ones(0))
