"""Every block, loss and metric refuses a word that is not one of its choices, by name and with all choices."""

import pytest
import torch

from fastreid_mm import evaluation, layers, losses
from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.layers.choices import REDUCTIONS

FEATURES, TARGETS, MODALITIES = torch.rand(4, 2, 3), torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1])
AFFINITY = torch.eye(2).view(1, 1, 2, 2)


def test_a_choice_among_those_there_are():
    assert all(require_choice("reduction", reduction, REDUCTIONS) is None for reduction in ("mean", "sum"))
    with pytest.raises(InputError, match=r"^reduction 'mine' is not one of mean, sum$"):
        require_choice("reduction", "mine", REDUCTIONS)


@pytest.mark.parametrize(
    "call, name",
    [
        (lambda x: layers.cross_diffusion(AFFINITY, AFFINITY, AFFINITY, AFFINITY, reading=x), "reading"),
        (lambda x: layers.RelationEmbedding(4, reading=x), "reading"),
        (lambda x: layers.ModalityRemoval(4, mapping=x), "mapping"),
        (lambda x: layers.MutualInteraction(4, 2, cross=x), "cross"),
        (lambda x: layers.MutualInteraction(4, 2, cross="attention", reading=x), "reading"),
        (lambda x: evaluation.pairwise_distance(FEATURES[:, 0], FEATURES[:, 0], x), "metric"),
        (lambda x: layers.TokenFusion(4, 2, variant=x), "variant"),
        (lambda x: layers.TokenFusion(4, 2, stack=x), "stack"),
        (lambda x: losses.hetero_center(FEATURES[:, 0], TARGETS, MODALITIES, reduction=x), "reduction"),
        (lambda x: losses.modality_aware_center(FEATURES[:, 0], TARGETS, distance=x), "distance"),
        (lambda x: losses.modality_aware_center(FEATURES[:, 0], TARGETS, reduction=x), "reduction"),
        (lambda x: losses.multi_modal_margin(FEATURES, TARGETS, distance=x), "distance"),
        (lambda x: losses.multi_modal_margin(FEATURES, TARGETS, reduction=x), "reduction"),
        (lambda x: losses.modulation_discriminative(FEATURES, *FEATURES.unbind(1), TARGETS, mining=x), "mining"),
    ],
)
def test_an_unknown_word_is_refused_in_the_same_words_everywhere(call, name):
    with pytest.raises(ValueError, match=f"^{name} 'mine' is not one of [a-z0-9_]+(, [a-z0-9_]+)+$"):
        call("mine")
