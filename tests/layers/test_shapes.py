"""Tensors that do not go together are refused by name and shape, not broadcast; masks may be arrays."""

import numpy as np
import pytest
import torch

from fastreid_mm.layers import (
    ClassActivationFusion,
    CrossModalInteraction,
    MutualFormerLayer,
    OverlapPatchEmbed,
    RelationEmbedding,
    TokenFusion,
    cross_attention,
    cross_diffusion,
)
from fastreid_mm.layers.shapes import require_shapes

MAPS, FEATURES, TOKENS = torch.rand(2, 3, 8, 4, 2), torch.rand(2, 3, 6), torch.rand(2, 5, 8)
AFFINITY, VALUE = torch.rand(2, 2, 5, 5), torch.rand(2, 2, 5, 3)


def interaction(maps, present=None):
    return CrossModalInteraction(8, 3, reduction=2)(maps, present)


def activations(maps, features, present=None):
    return ClassActivationFusion(8, 4, 3)(maps, features, present)


def layer(tokens_a, tokens_b, fused=None):
    return MutualFormerLayer(8, 2)(tokens_a, tokens_b, fused)


def addition(tokens_a, tokens_b):
    return TokenFusion(8, 2, variant="add")(tokens_a, tokens_b)


def patches(images):
    return OverlapPatchEmbed((8, 8), 4, embed_dim=8)(images)


@pytest.mark.parametrize(
    "function, arguments, named",
    [
        (interaction, (MAPS[:, :2],), r"maps .*\(2, 2, 8, 4, 2\)"),  # one modality would be left out
        (interaction, (MAPS, torch.ones(1, 3, dtype=torch.bool)), r"present .*\(1, 3\)"),
        (interaction, (MAPS, torch.ones(2, dtype=torch.bool)), r"present .*\(2,\)"),
        (interaction, (MAPS, [[True, False, True], [False] * 3]), "no modality is there of sample 1"),
        (activations, (MAPS[:, :2], FEATURES[:, :2]), r"maps .*\(2, 2, 8, 4, 2\)"),
        (activations, (MAPS, FEATURES[:1]), r"features .*\(1, 3, 6\)"),
        (activations, (MAPS, FEATURES, np.ones((1, 3), bool)), r"present .*\(1, 3\)"),
        (activations, (MAPS, FEATURES, [[True, False, True], [False] * 3]), "no modality is there of sample 1"),
        (RelationEmbedding(8), (TOKENS, TOKENS[:1, 0]), r"parts .*\(2, 5, 8\), whole .*\(1, 8\)"),
        (RelationEmbedding(8, "paper"), (TOKENS[:1], TOKENS[:, 0]), r"parts .*\(1, 5, 8\), whole .*\(2, 8\)"),
        (layer, (TOKENS, TOKENS, TOKENS[:1]), r"fused .*\(1, 5, 8\)"),
        (layer, (TOKENS, TOKENS[:, :4]), r"tokens_b .*\(2, 4, 8\)"),
        (addition, (TOKENS, TOKENS[:, :1]), r"tokens_b .*\(2, 1, 8\)"),
        (cross_diffusion, (AFFINITY, AFFINITY[:1], VALUE, VALUE), r"affinity_b .*\(1, 2, 5, 5\)"),
        (cross_diffusion, (AFFINITY, AFFINITY, VALUE, VALUE[:, :1]), r"value_b .*\(2, 1, 5, 3\)"),
        (cross_attention, (VALUE, VALUE, VALUE, VALUE, VALUE[:1], VALUE[:1]), r"key_b .*\(1, 2, 5, 3\)"),
        (patches, (torch.rand(3, 8, 8),), r"images .*\(3, 8, 8\)"),
        (interaction, (MAPS.numpy(),), "maps .*ndarray"),
    ],
)
def test_what_does_not_go_together_is_named(function, arguments, named):
    with pytest.raises(ValueError, match=named) as error:
        function(*arguments)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", [np.array, torch.tensor, list])
@pytest.mark.parametrize("number", [bool, int, float])
def test_a_mask_may_be_of_any_kind(kind, number):
    mask = [[True, False, True], [True, True, True]]
    given = kind([[number(there) for there in row] for row in mask])
    for function, arguments in ((interaction, (MAPS,)), (activations, (MAPS, FEATURES))):
        results = []
        for present in (torch.tensor(mask), given):
            torch.manual_seed(0)
            results.append(function(*arguments, present))
        torch.testing.assert_close(*results)


def test_axes_of_one_name_have_one_size():
    require_shapes(a=(torch.rand(2, 3), "B 3"), b=(torch.rand(2, 2), "B B"))
    with pytest.raises(ValueError, match=r"a \(B, 3\) is \(2, 3\), b \(B, B\) is \(2, 1\)"):
        require_shapes(a=(torch.rand(2, 3), "B 3"), b=(torch.rand(2, 1), "B B"))
