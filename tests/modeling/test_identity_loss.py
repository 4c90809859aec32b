"""Label smoothing of the identity losses."""

import pytest
import torch
from fastreid.modeling import build_model
from torch.nn import functional as F

from fastreid_mm.common.errors import InputError
from tests.modeling.test_architectures import vi_batch

IDENTITY_LOSSES = {
    "cmtr": {"loss_cls": 1, "loss_modality_aware_identity": 4},
    "mun": {"loss_auxiliary_identity": 1, "loss_identity_consistency": 0.25},
}
"""Names and weights, by the config."""


MORE = {"cmtr": (), "mun": ("MODEL.LOSSES.NAME", "('CrossEntropyLoss', 'AuxiliaryIdentity', 'IdentityConsistency')")}


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
                *MORE[name],
                *options,
                base=f"SYSU/{name}.yml",
            )
        )

    return make


def scores_of(model, name, outputs):
    """The class scores behind each identity loss."""
    if name == "cmtr":
        removed = model.losses.terms["ModalityAwareIdentity"].classifier(outputs["modality_removed"])
        return {"loss_cls": [outputs["cls_outputs"]], "loss_modality_aware_identity": [removed]}
    own = model.losses.terms["AuxiliaryIdentity"].classifier(outputs["auxiliary_neck_features"])
    return {"loss_auxiliary_identity": [own], "loss_identity_consistency": outputs["auxiliary_scores"].unbind(1)}


def smoothed(logits, targets, epsilon):
    wanted = (1 - epsilon) * F.one_hot(targets, 5) + epsilon / 5
    return -(wanted * logits.log_softmax(1)).sum(1).mean()


@pytest.mark.parametrize("epsilon", [0.0, 0.3])
@pytest.mark.parametrize("name", IDENTITY_LOSSES)
def test_smooths_the_labels_of_every_identity_loss_and_of_nothing_else(build, name, epsilon):
    model, plain, batch = build(name, "MODEL.LOSSES.CE.EPSILON", epsilon), build(name), vi_batch()
    outputs = {}
    model.heads.register_forward_hook(lambda *arguments: outputs.update(arguments[-1]))
    losses, unsmoothed = model(batch), plain(batch)
    for loss, scores in scores_of(model, name, outputs).items():
        targets = batch["targets"][: len(scores[0])]
        expected = IDENTITY_LOSSES[name][loss] * sum(smoothed(one, targets, epsilon) for one in scores)
        torch.testing.assert_close(losses[loss], expected, msg=loss)
    smoothing = {*IDENTITY_LOSSES[name], "loss_cls"}
    assert all(torch.equal(losses[other], unsmoothed[other]) for other in set(losses) - smoothing)


@pytest.mark.parametrize("name", IDENTITY_LOSSES)
def test_impossible_smoothing_is_named(build, name):
    with pytest.raises(InputError, match="MODEL.LOSSES.CE.EPSILON 1.5"):
        build(name, "MODEL.LOSSES.CE.EPSILON", 1.5)
