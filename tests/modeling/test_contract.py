"""What trainer and evaluators may ask of a model, whoever wrote it."""

import pytest
import torch
from fastreid.modeling import build_model
from torch import nn

from fastreid_mm.engine.schedule import build_optimizer
from fastreid_mm.evaluation import pairwise_distance
from fastreid_mm.modeling.contract import MetaArchitecture, as_meta_architecture
from tests.modeling.test_architectures import ARCHITECTURES, aligned_batch, batch_of


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_ours_answer_for_themselves(tiny_cfg, name):
    torch.manual_seed(0)
    cfg = tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, "TEST.METRIC", "euclidean", base=ARCHITECTURES[name])
    model = build_model(cfg).eval()
    assert isinstance(model, MetaArchitecture) and as_meta_architecture(model, "cosine") is model
    with torch.no_grad():
        features = model(batch_of(cfg))
    assert model.modalities_held(features).all() and len(model.modalities_held(features)) == len(features)
    assert model.feature_size - features.shape[1] == len(getattr(model, "modalities", ()))  # the mask
    plain = name != "CMT" and not hasattr(model, "modalities")  # those of samples that may lack modalities are not
    assert model.compares_plainly == plain
    assert isinstance(model.compares_identities, bool) and not set(model.pretrained_parameters())
    if name != "CMT":  # the metric of the config, with or without a word from the evaluator
        expected = pairwise_distance(features[:4], features[4:], "euclidean")
        torch.testing.assert_close(model.pairwise_distance(features[:4], features[4:]), expected)


@pytest.mark.parametrize("base", ["SYSU/agw.yml", "RGBNT201/ieee.yml"])
@pytest.mark.parametrize(("head", "size"), [("EmbeddingHead", 12), ("ClasHead", 5)])
def test_the_size_of_a_feature_is_known_of_fast_reids_heads(tiny_cfg, base, head, size):
    names = ("MODEL.HEADS.NAME", head, "MODEL.HEADS.EMBEDDING_DIM", 12, "MODEL.LOSSES.NAME", "('CrossEntropyLoss',)")
    cfg = tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, *names, base=base)
    model, batch = build_model(cfg).eval(), batch_of(cfg)
    if hasattr(model, "modalities"):
        batch["modality_mask"] = torch.tensor([[True, False, True]] * 8)
    with torch.no_grad():
        features = model(batch)
    assert model.feature_size == features.shape[1] == size + len(getattr(model, "modalities", ()))
    assert model.pairwise_distance(features, features).shape == (len(features),) * 2


FEATURE_SUM = ("MODEL.IEEE.FUSION", "feature_sum", "MODEL.LOSSES.NAME", "('CrossEntropyLoss',)")


def test_a_model_that_says_nothing_gets_the_defaults(tiny_cfg):
    model = nn.Linear(2, 3)
    asked, features = as_meta_architecture(model, "euclidean"), torch.rand(5, 3)
    assert torch.equal(asked.pairwise_distance(features, features), pairwise_distance(features, features, "euclidean"))
    assert asked.modalities_held(features).tolist() == [[True]] * 5
    assert asked.feature_size == 0 and not asked.compares_identities
    assert not [*asked.lr_factors()] and not [*asked.pretrained_parameters()]
    asked.set_training_length(10)
    assert {group["lr"] for group in build_optimizer(tiny_cfg(), model).param_groups} == {tiny_cfg().SOLVER.BASE_LR}


def test_whatever_else_a_model_has_is_its_own_affair_and_what_the_contract_names_is_used(tiny_cfg):
    class Theirs(nn.Linear):
        metric = "angular"
        query_adaptive_parts = 2

        def pairwise_distance(self, query, gallery):
            return torch.full((len(query), len(gallery)), 7.0)

        def lr_factors(self):
            yield self.bias, 0.5

    model = Theirs(2, 3)
    asked = as_meta_architecture(model, "cosine")
    assert asked.metric == "cosine" and not asked.compares_identities
    assert asked.query_adaptive_parts == 2 and not asked.compares_plainly
    assert asked.pairwise_distance(torch.rand(2, 3), torch.rand(4, 3)).eq(7).all()
    rates = {group["params"][0]: group["lr"] for group in build_optimizer(tiny_cfg(), model).param_groups}
    assert rates[model.bias] == 0.5 * rates[model.weight]


@pytest.mark.parametrize("options, expected", [([], [True, False, True]), ([*FEATURE_SUM], [True, False, True])])
def test_a_feature_knows_the_modalities_it_was_made_of(tiny_cfg, options, expected):
    model = build_model(tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, *options, base="RGBNT201/ieee.yml")).eval()
    batch = aligned_batch(3)
    with torch.no_grad():
        features = model(batch | {"modality_mask": torch.tensor([expected] * 8)})
        assert model.modalities_held(features).tolist() == [expected] * 8
        averaged = (features + features) / 2  # flip testing
        assert model.modalities_held(averaged).tolist() == [expected] * 8
        assert model.modalities_held(model(batch)).tolist() == [[True] * 3] * 8


def test_only_the_mask_says_what_is_missing(tiny_cfg):
    """A block of zeros that is there counts, and one that is not there does not, whatever it holds."""
    model = build_model(tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, "TEST.METRIC", "euclidean", base="RGBNT201/ieee.yml"))
    query, gallery = torch.zeros(1, 96), torch.ones(1, 96)
    query[:, :64] = 3
    assert model.pairwise_distance(query, gallery).item() == pytest.approx((64 * 4 + 32) ** 0.5)
    query, gallery = (torch.cat([each, torch.ones(1, 3)], 1) for each in (query, gallery))
    assert model.pairwise_distance(query, gallery).item() == pytest.approx((64 * 4 + 32) ** 0.5)
    query[:, 96 + 1] = 0  # the second modality is not there
    assert model.pairwise_distance(query, gallery).item() == pytest.approx(((32 * 4 + 32) * 96 / 64) ** 0.5)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_what_only_training_has_is_what_features_do_not_depend_on(tiny_cfg, name):
    model = build_model(tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, base=ARCHITECTURES[name])).eval()
    batch = batch_of(tiny_cfg(base=ARCHITECTURES[name]))
    expected = model(batch)
    expected.sum().backward()
    unused = {key for key, value in model.named_parameters() if value.requires_grad and value.grad is None}
    said = {key for key in model.state_dict() if any(part in key for part in model.training_only)}
    assert {key for key, value in model.named_parameters() if key in said} <= unused <= said
    for key in said:
        model.state_dict()[key].fill_(7)
    assert torch.equal(model(batch), expected)
