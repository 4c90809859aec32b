"""Heads x losses x backbones: every combination trains a step, or is refused by name before training."""

import pytest
import torch
from fastreid.modeling import build_model
from fastreid.modeling.heads import REID_HEADS_REGISTRY
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY

from fastreid_mm.common.errors import InputError
from fastreid_mm.engine.schedule import build_optimizer
from fastreid_mm.modeling import LOSS_REGISTRY
from fastreid_mm.modeling.heads.head import build_head
from fastreid_mm.modeling.terms.term import build_losses
from tests.modeling.test_architectures import batch_of

BACKBONES = {
    "two streams": "SYSU/agw.yml",
    "a ViT": "SYSU/cmtr.yml",
    "pairs": "SYSU/mun.yml",
    "aligned streams": "RGBN300/hamnet.yml",
    "interacting streams": "RGBNT201/ieee.yml",
}
PLAIN = ("SOLVER.BASE_LR", 1e-5, "MODEL.LOSSES.TRI.OUTPUTS", "('features',)")
HEADS = sorted({*REID_HEADS_REGISTRY._obj_map} - {"DeepHead", "MoEHead"})
SMALL = {
    "HCTHead": ("MODEL.HEADS.PARTS", 2, "MODEL.HEADS.PART_DIM", 16),
    "CMTHead": ("MODEL.HEADS.PARTS", 2, "MODEL.HEADS.PART_DIM", 16),
    "MutualFormerHead": ("MODEL.MUTUALFORMER.DIM", 16, "MODEL.MUTUALFORMER.HEADS", 4),
}


def outcome(cfg):
    """The names of the losses of a step that moves the head's weights, or how the config is refused."""
    torch.manual_seed(0)
    try:
        model = build_model(cfg).train()
    except InputError as error:
        assert "\n" not in str(error)
        return f"refused: {error}"
    optimizer = build_optimizer(cfg, model)
    before = [value.detach().clone() for value in model.parameters()]
    losses = model(batch_of(cfg))
    assert all(loss.shape == () and loss.isfinite() for loss in losses.values())
    sum(losses.values()).backward()
    optimizer.step()
    assert any(not torch.equal(value, old) for value, old in zip(model.parameters(), before))
    with torch.no_grad():
        assert model.eval()(batch_of(cfg)).isfinite().all()
    return " ".join(losses)


def refusal(cfg):
    """How head and losses of a config are refused, without building a backbone for them; empty if they are not."""
    provides = META_ARCH_REGISTRY.get(cfg.MODEL.META_ARCHITECTURE).provides
    rows = (1, 1) if "modality_embeddings" in provides else (4, 2)
    channels = 12 * max(1, len(cfg.DATASETS.ALIGNED.MODALITIES))
    try:
        build_losses(cfg, build_head(cfg, channels, lambda size: rows, provides), provides)
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_loss_on_every_head_and_network_trains_or_is_refused_by_name(tiny_cfg, backbone, head):
    """Each loss by itself is built or refused; a step is made with all that are built."""

    options = (*PLAIN, "MODEL.HEADS.NAME", head, *SMALL.get(head, ()), "MODEL.HEADS.NUM_CLASSES", 5)
    shipped = tiny_cfg(*options, base=BACKBONES[backbone])

    def config(*names):
        cfg = shipped.clone()
        cfg.MODEL.LOSSES.NAME = names
        return cfg

    refused = {loss: refusal(config(loss)) for loss in sorted(LOSS_REGISTRY._obj_map)}
    for loss, said in refused.items():
        assert not said or ("\n" not in said and (loss in said or head in said or said.startswith("MODEL."))), (
            loss,
            said,
        )
    works = [loss for loss, said in refused.items() if not said]
    if head in ("EmbeddingHead", "ClasHead"):
        assert {"CrossEntropyLoss", "TripletLoss", "CircleLoss", "Cosface", "CenterLoss"} <= set(works)
    if works:
        assert len(outcome(config(*works)).split()) == len(works)


@pytest.mark.parametrize(
    "options",
    [
        ("POOL_LAYER", "GeneralizedMeanPoolingP", "WITH_BNNECK", True, "NECK_FEAT", "after"),
        ("CLS_LAYER", "CircleSoftmax", "SCALE", 64, "MARGIN", 0.35),
        ("CLS_LAYER", "ArcSoftmax", "SCALE", 16, "MARGIN", 0.1, "EMBEDDING_DIM", 24, "WITH_BNNECK", True, "NORM", "BN"),
    ],
)
@pytest.mark.parametrize("base", BACKBONES.values())
def test_every_key_of_fast_reids_head_works_on_every_network(tiny_cfg, base, options):
    keys = [word for key, value in zip(options[::2], options[1::2]) for word in (f"MODEL.HEADS.{key}", value)]
    names = (*PLAIN, "MODEL.HEADS.NAME", "EmbeddingHead", "MODEL.LOSSES.NAME", "('CrossEntropyLoss', 'TripletLoss')")
    assert outcome(tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, *names, *keys, base=base)) == "loss_cls loss_triplet"


def test_a_loss_that_the_head_cannot_serve_is_refused_with_the_heads_that_can(tiny_cfg):
    with pytest.raises(InputError) as error:
        build_model(tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, "MODEL.LOSSES.NAME", "('MultiModalMargin',)"))
    assert str(error.value) == (
        "MODEL.LOSSES.NAME MultiModalMargin needs modality_features, which MODEL.HEADS.NAME CMTRHead does not give; "
        "heads that do: IEEEHead"
    )


@pytest.mark.parametrize("names", ["()", "('CrossEntropyLoss', 'CrossEntropyLoss')", "('Loss',)"])
def test_impossible_names_are_refused(tiny_cfg, names):
    with pytest.raises(InputError, match=r"^MODEL.LOSSES.NAME"):
        build_model(tiny_cfg("MODEL.LOSSES.NAME", names))


def test_a_head_that_there_is_not_is_refused(tiny_cfg):
    with pytest.raises(InputError, match="MODEL.HEADS.NAME 'Head' is not one of .*CMTRHead.*EmbeddingHead"):
        build_model(tiny_cfg("MODEL.HEADS.NAME", "Head"))
