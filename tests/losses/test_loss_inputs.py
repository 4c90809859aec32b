"""Tensors that do not go together are refused by name and shape, not broadcast; labels may be arrays."""

import numpy as np
import pytest
import torch

from fastreid_mm.losses import center_loss, hetero_center, heterogeneous_score_coherence, multi_modal_margin

TARGETS, MODALITIES, CENTERS = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1]), torch.rand(2, 3)
FEATURES, STREAMS = torch.rand(4, 3), torch.rand(4, 2, 3)


@pytest.mark.parametrize("loss, arguments, named", [
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
])
def test_what_does_not_go_together_is_named(loss, arguments, named):
    with pytest.raises(ValueError, match=named) as error:
        loss(*arguments)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", [np.asarray, torch.Tensor.tolist])
def test_labels_may_be_arrays_or_lists(kind):
    for loss, features, labels, more in ((multi_modal_margin, STREAMS, (TARGETS,), ()),
                                         (center_loss, FEATURES, (TARGETS,), (CENTERS,)),
                                         (hetero_center, FEATURES, (TARGETS, MODALITIES), ())):
        torch.testing.assert_close(loss(features, *map(kind, labels), *more), loss(features, *labels, *more))
