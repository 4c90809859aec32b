"""Tensors that do not go together are refused by name and shape, not broadcast; labels may be arrays."""

import numpy as np
import pytest
import torch

from fastreid_mm.losses import (
    batch_hard_triplet,
    center_loss,
    cross_modal_focal,
    hetero_center,
    hetero_center_triplet,
    heterogeneous_score_coherence,
    identity_alignment,
    maximum_mean_discrepancy,
    modality_aware_center,
    modality_consistency,
    modulation_discriminative,
    multi_modal_margin,
    pixel_position_aware,
    weighted_regularized_triplet,
)

TARGETS, MODALITIES, CENTERS = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1]), torch.rand(2, 3)
FEATURES, STREAMS, MAPS = torch.rand(4, 3), torch.rand(4, 2, 3), torch.rand(2, 1, 8, 8)


@pytest.mark.parametrize(
    "loss, arguments, named",
    [
        (multi_modal_margin, (STREAMS, TARGETS[:3]), r"features .*\(4, 2, 3\), targets .*\(3,\)"),
        (multi_modal_margin, (STREAMS, TARGETS[:, None]), r"targets .*\(4, 1\)"),
        (multi_modal_margin, (FEATURES, TARGETS), r"features .*\(4, 3\)"),
        (heterogeneous_score_coherence, (FEATURES, FEATURES[:1]), r"logits_b .*\(1, 3\)"),
        (heterogeneous_score_coherence, (FEATURES, FEATURES[:, :1]), r"logits_b .*\(4, 1\)"),
        (heterogeneous_score_coherence, (STREAMS, STREAMS), r"logits_a .*\(4, 2, 3\)"),
        (center_loss, (FEATURES, TARGETS[:1], CENTERS), r"targets .*\(1,\)"),
        (center_loss, (FEATURES, TARGETS, CENTERS[:, :1]), r"centers .*\(2, 1\)"),
        (hetero_center, (FEATURES, TARGETS[:3], MODALITIES), r"targets .*\(3,\)"),
        (hetero_center, (FEATURES, TARGETS, MODALITIES[:2]), r"modalities .*\(2,\)"),
        (weighted_regularized_triplet, (FEATURES, TARGETS[:3]), r"targets .*\(3,\)"),
        (weighted_regularized_triplet, (STREAMS, TARGETS), r"features .*\(4, 2, 3\)"),
        (batch_hard_triplet, (FEATURES, TARGETS[:, None]), r"targets .*\(4, 1\)"),
        (modality_aware_center, (FEATURES, TARGETS[:2]), r"targets .*\(2,\)"),
        (hetero_center_triplet, (FEATURES, TARGETS, MODALITIES[:1]), r"modalities .*\(1,\)"),
        (modality_consistency, (STREAMS, TARGETS[:1], STREAMS, TARGETS), r"targets .*\(1,\)"),
        (modality_consistency, (STREAMS, TARGETS, STREAMS[:, :1], TARGETS), r"reference .*\(4, 1, 3\)"),
        (modulation_discriminative, (STREAMS, FEATURES[:1], FEATURES, TARGETS), r"scale .*\(1, 3\)"),
        (identity_alignment, (FEATURES, FEATURES[:2], FEATURES, TARGETS), r"infrared .*\(2, 3\)"),
        (maximum_mean_discrepancy, (FEATURES, FEATURES[:, :1]), r"y .*\(4, 1\)"),
        (pixel_position_aware, (MAPS, MAPS[:1]), r"mask .*\(1, 1, 8, 8\)"),
        (cross_modal_focal, (MAPS, MAPS, MAPS[:, 0]), r"mask .*\(2, 8, 8\)"),
        (batch_hard_triplet, (np.ones((4, 3)), TARGETS), r"features .* a ndarray, no tensor"),
    ],
)
def test_what_does_not_go_together_is_named(loss, arguments, named):
    with pytest.raises(ValueError, match=named) as error:
        loss(*arguments)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", [np.asarray, torch.Tensor.tolist])
def test_labels_may_be_arrays_or_lists(kind):
    for loss, features, labels, more in (
        (multi_modal_margin, STREAMS, (TARGETS,), ()),
        (center_loss, FEATURES, (TARGETS,), (CENTERS,)),
        (weighted_regularized_triplet, FEATURES, (TARGETS,), ()),
        (batch_hard_triplet, FEATURES, (TARGETS,), ()),
        (modality_aware_center, FEATURES, (TARGETS,), ()),
        (hetero_center_triplet, FEATURES, (TARGETS, MODALITIES), ()),
        (hetero_center, FEATURES, (TARGETS, MODALITIES), ()),
    ):
        torch.testing.assert_close(loss(features, *map(kind, labels), *more), loss(features, *labels, *more))
