import pytest
import torch
from loss_gradients import compare, spreads
from torch import nn

from fastreid_mm.evaluation import QueryAdaptiveFeature, query_adaptive_distance
from fastreid_mm.modeling.contract import MetaArchitecture


class Toy(nn.Module):
    """A backbone of one weight vector w, on which losses 3 w_0 and 4 w_1 - w_0 pull."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Linear(2, 1, bias=False)

    def forward(self, batch):
        if not self.training:
            return batch["images"]
        weight = self.backbone.weight[0]
        return {"loss_a": 3 * weight[0], "loss_b": 4 * weight[1] - weight[0]}


def test_shares_and_cosines_are_those_of_the_gradients():
    model = Toy().train()
    found = compare(model, [{}, {}])
    assert found["loss_a"]["value"] == pytest.approx(3 * model.backbone.weight[0, 0].item())
    assert found["loss_a"]["gradient"] == pytest.approx(3)
    assert found["loss_a"]["share"] == pytest.approx(3 / (2**2 + 4**2) ** 0.5)  # of (3, 0) + (-1, 4)
    assert found["loss_a"]["cosine"] == pytest.approx(-1 / 17**0.5)
    assert model.backbone.weight.grad is None


def test_spreads_are_within_identities_across_modalities_and_between_identities():
    features = torch.tensor([[2.0, 0], [0, 2], [2, 0], [2, 0]])
    batch = {"images": features, "targets": torch.tensor([0, 0, 1, 1]), "modalities": torch.tensor([0, 1, 0, 1])}
    found = spreads(Toy().eval(), [batch])
    assert found["norm"] == 2
    assert found["same identity, other modality"] == pytest.approx(0.5)
    assert found["other identity"] == pytest.approx(0.5)


class Modulating(MetaArchitecture, Toy):
    """Compares packed features of one part."""

    query_adaptive_parts = 1

    def pairwise_distance(self, query, gallery):
        asking, asked = (QueryAdaptiveFeature.unpack(features, 1) for features in (query, gallery))
        return query_adaptive_distance(asking.complete, asked.complete, asking.scale, asking.shift, "cosine")


def test_packed_features_are_compared_as_the_network_does():
    """All are (3, 4), of which a query's scale leaves (3, 0) of the gallery: a cosine of 0.6, not of 1."""
    packed = torch.tensor([[3.0, 4, 1, 0, 0, 0]]).repeat(3, 1)
    batch = {"images": packed, "targets": torch.tensor([0, 0, 1]), "modalities": torch.tensor([0, 1, 0])}
    found = spreads(Modulating().eval(), [batch])
    assert found["norm"] == 5
    assert found["same identity, other modality"] == pytest.approx(0.4)
    assert found["other identity"] == pytest.approx(0.4)
