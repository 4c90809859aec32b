"""A loss without what it is made of is refused in words."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from fastreid_mm.losses import (
    batch_hard_triplet,
    center_loss,
    hetero_center,
    hetero_center_triplet,
    identity_alignment,
    modality_aware_center,
    modality_consistency,
    modulation_discriminative,
    weighted_regularized_triplet,
)

FEATURES, PARTS, EACH, SAME = torch.randn(6, 4), torch.randn(6, 2, 4), torch.arange(6), torch.zeros(6, dtype=torch.long)
VISIBLE = torch.zeros(6, dtype=torch.long)


@pytest.mark.parametrize(
    ("loss", "arguments", "message"),
    [
        (weighted_regularized_triplet, (FEATURES, EACH), "no identity has two samples in the batch of 6"),
        (batch_hard_triplet, (FEATURES, EACH), "no identity has two samples in the batch of 6"),
        (modality_aware_center, (FEATURES, EACH), "no identity has two samples in the batch of 6"),
        (modality_aware_center, (FEATURES[:1], EACH[:1]), "no identity has two samples in the batch of 1"),
        (modulation_discriminative, (PARTS, FEATURES, FEATURES, EACH), "two images of each"),
        (modulation_discriminative, (PARTS, FEATURES, FEATURES, SAME), "two identities"),
        (batch_hard_triplet, (FEATURES, SAME), "the batch of 6 samples has 1"),
        (weighted_regularized_triplet, (FEATURES[:1], SAME[:1]), "the batch of 1 samples has 1"),
        (identity_alignment, (FEATURES, FEATURES, FEATURES, SAME), "has 1"),
        (hetero_center_triplet, (FEATURES, SAME // 2, VISIBLE), "has 1"),
        (hetero_center_triplet, (FEATURES, EACH // 2, VISIBLE), "both modalities of every identity"),
        (hetero_center, (FEATURES, EACH // 2, VISIBLE), "both modalities of every identity"),
        (hetero_center, (FEATURES, SAME, VISIBLE + 2), "0 for visible and 1 for infrared"),
        (modality_consistency, (PARTS, EACH, PARTS, EACH // 2), "no reference image of identity 3"),
        (center_loss, (FEATURES, EACH - 1, torch.zeros(6, 4)), "label -1 is none of the 6 identities"),
        (center_loss, (FEATURES, EACH, torch.zeros(5, 4)), "label 5 is none of the 5 identities"),
    ],
)
def test_what_a_loss_needs(loss, arguments, message):
    with pytest.raises(ValueError, match=message) as error:
        loss(*arguments)
    assert "\n" not in str(error.value)


def test_one_pair_is_enough():
    targets = torch.tensor([0, 0, 1, 2, 3, 4])
    assert all(loss(FEATURES, targets).isfinite() for loss in (weighted_regularized_triplet, batch_hard_triplet))


def test_labels_on_another_device_are_not_looked_at():
    """The device would be waited for; a loss of what there is nothing to compare in is not finite, or says nothing."""
    with FakeTensorMode():
        features, same = torch.zeros(6, 4, device="cuda"), torch.zeros(6, dtype=torch.long, device="cuda")
        for loss in (weighted_regularized_triplet, batch_hard_triplet, modality_aware_center):
            assert loss(features, same).shape == ()
        assert hetero_center_triplet(features, same, same).shape == ()
        assert modality_consistency(features[:, None], same, features[:, None], same).shape == ()
        assert center_loss(features, same - 1, features).shape == ()
