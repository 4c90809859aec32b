"""Label smoothing of the identity losses."""

import pytest
import torch
from fastreid.modeling import build_model
from torch.nn import functional as F

from fastreid_mm.errors import InputError
from tests.modeling.test_architectures import vi_batch

IDENTITY_LOSSES = {
    "agw": {"loss_id": 1},
    "cmtr": {"loss_id": 1, "loss_maid": 4},
    "mun": {"loss_id": 1, "loss_aux_id": 1, "loss_idc": 0.25},
}
"""Names and weights, by the config."""


@pytest.fixture
def build(tiny_cfg):
    def make(name, *options):
        torch.manual_seed(0)
        return build_model(
            tiny_cfg(
                "MODEL.HEADS.NUM_CLASSES",
                5,
                "MODEL.BACKBONE.DROP_PATH_RATIO",
                0.0,
                "MODEL.MUN.SIMPLE_AUX_ID",
                True,
                *options,
                base=f"SYSU/{name}.yml",
            )
        )

    return make


def recording(classifier, logits):
    classifier.register_forward_hook(lambda *arguments: logits.append(arguments[-1].detach()))


def classifiers_of(model, name):
    """The classifiers behind each identity loss, in the order in which they are asked."""
    if name == "mun":
        return {
            "loss_id": [*model.head.classifiers],
            "loss_aux_id": [model.head.classifier_auxiliary],
            "loss_idc": [*model.head.classifiers],
        }
    return {"loss_id": [model.classifier]} | ({"loss_maid": [model.alignment.classifier]} if name == "cmtr" else {})


def smoothed(logits, targets, epsilon):
    wanted = (1 - epsilon) * F.one_hot(targets, 5) + epsilon / 5
    return -(wanted * logits.log_softmax(1)).sum(1).mean()


@pytest.mark.parametrize("epsilon", [0.0, 0.3])
@pytest.mark.parametrize("name", IDENTITY_LOSSES)
def test_smooths_the_labels_of_every_identity_loss_and_of_nothing_else(build, name, epsilon):
    model, plain, batch = build(name, "MODEL.LOSSES.CE.EPSILON", epsilon), build(name), vi_batch()
    seen = {}
    for classifiers in classifiers_of(model, name).values():
        for classifier in classifiers:
            if classifier not in seen:
                recording(classifier, seen.setdefault(classifier, []))
    losses, unsmoothed = model(batch), plain(batch)
    for loss, classifiers in classifiers_of(model, name).items():
        logits = [seen[classifier].pop(0) for classifier in classifiers]
        targets = batch["targets"][: len(logits[0])]
        expected = IDENTITY_LOSSES[name][loss] * sum(smoothed(one, targets, epsilon) for one in logits)
        torch.testing.assert_close(losses[loss], expected, msg=loss)
    assert all(torch.equal(losses[other], unsmoothed[other]) for other in set(losses) - set(IDENTITY_LOSSES[name]))


@pytest.mark.parametrize("name", IDENTITY_LOSSES)
def test_impossible_smoothing_is_named(build, name):
    with pytest.raises(InputError, match="MODEL.LOSSES.CE.EPSILON 1.5"):
        build(name, "MODEL.LOSSES.CE.EPSILON", 1.5)
