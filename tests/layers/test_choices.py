"""Every block and loss refuses a word that is not one of its choices, by name and with the choices there are."""

import pytest
import torch

from fastreid_mm import layers, losses
from fastreid_mm.layers.choices import READINGS, REDUCTIONS, require_choice

FEATURES, TARGETS, MODALITIES = torch.rand(4, 2, 3), torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1])
AFFINITY = torch.eye(2).view(1, 1, 2, 2)


def test_a_choice_among_those_there_are():
    assert all(require_choice("reading", reading, READINGS) is None for reading in READINGS)
    with pytest.raises(ValueError, match=r"^reading 'mine' is not one of paper, official$"):
        require_choice("reading", "mine", READINGS)
    assert set(REDUCTIONS) == {"mean", "sum"}


@pytest.mark.parametrize(
    "call, name",
    [
        (lambda x: layers.cross_diffusion(AFFINITY, AFFINITY, AFFINITY, AFFINITY, reading=x), "reading"),
        (lambda x: layers.RelationEmbedding(4, reading=x), "reading"),
        (lambda x: layers.ModalityRemoval(4, mapping=x), "mapping"),
        (lambda x: layers.MutualInteraction(4, 2, cross=x), "cross"),
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
