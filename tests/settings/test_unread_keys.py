"""No key without effect: a key changes what a method does, or is refused."""

import re

import pytest
import torch
from fastreid.modeling import build_model

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.keys import DECLARED, leaves
from fastreid_mm.engine.schedule import build_optimizer
from fastreid_mm.engine.trainer import MMTrainer
from fastreid_mm.settings.unread_keys import RecordedConfig, refuse_unread
from tests.modeling.test_architectures import ARCHITECTURES, batch_of

OTHER_WORDS = {
    "MODEL.CMTR.MAPPING": "identity",
    "MODEL.LOSSES.MODALITY_AWARE_CENTER.DISTANCE": "l1",
    "MODEL.LOSSES.MODALITY_AWARE_CENTER.REDUCTION": "sum",
    "MODEL.LOSSES.MODALITY_AWARE_IDENTITY.REDUCTION": "sum",
    "MODEL.LOSSES.MODULATION_DISCRIMINATIVE.MINING": "all",
    "MODEL.LOSSES.MODULATION_DISCRIMINATIVE.DISTANCE": "euclidean",
    "MODEL.CMT.RESIDUAL_FROM": "encoded",
    "MODEL.MUN.AUXILIARY": "mixed",
    "MODEL.MUN.AUXILIARY_STATISTICS": "shared",
    "MODEL.LOSSES.MODALITY_ALIGNMENT.PROTOTYPE_MEMORY": "identity",
    "MODEL.IEEE.FUSION": "image_sum",
    "MODEL.IEEE.REM": "paper",
    "MODEL.IEEE.GLOBAL_FROM": "interaction",
    "MODEL.LOSSES.MULTI_MODAL_MARGIN.DISTANCE": "l2",
    "MODEL.LOSSES.MULTI_MODAL_MARGIN.REDUCTION": "mean",
    "MODEL.MUTUALFORMER.FUSION": "add",
    "MODEL.MUTUALFORMER.READING": "official",
    "MODEL.MUTUALFORMER.STACK": "renew_fused",
    "MODEL.MUTUALFORMER.TEST_FEATURE": "fused",
}

OWN = ("MODEL.LOSSES.", *(f"MODEL.{name}." for name in ("CMTR", "CMT", "MUN", "IEEE", "MUTUALFORMER")))


def other(key, value):
    """Another value of a key."""
    if key in OTHER_WORDS:
        return OTHER_WORDS[key]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value * 2 or type(value)(0.5) or 1
    if isinstance(value, list | tuple):
        return type(value)(2 * each for each in value)
    return "another"


def behaviour(cfg):
    """Losses of two steps of training and what is compared at test time, one after the other."""
    torch.manual_seed(0)
    cfg.MODEL.HEADS.NUM_CLASSES = 5
    model = build_model(cfg).train()
    optimizer = build_optimizer(cfg, model)
    model.set_training_length(4)  # MUN's prototypes remember nothing in the last of them
    batch = batch_of(cfg)
    for _ in range(2):
        losses = model(batch)
        yield torch.stack([loss.detach() for loss in losses.values()])
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
        batch = {**batch, "targets": batch["targets"].roll(2)}
    with torch.no_grad():
        features = model.eval()(batch)
        yield torch.cat([features.flatten(), model.pairwise_distance(features, features).flatten()])


def differs(cfg, expected):
    """Whether a config behaves in another way, or is refused; no more is computed than that takes."""
    try:
        return any(
            found.shape != value.shape or not torch.equal(found, value)
            for found, value in zip(behaviour(cfg), expected)
        )
    except InputError:
        return True


@pytest.mark.parametrize("method", ARCHITECTURES)
def test_every_key_that_a_method_reads_changes_what_it_does(tiny_cfg, method):
    def config(*options):
        return tiny_cfg("SOLVER.BASE_LR", 0.01, *options, base=ARCHITECTURES[method])

    cfg = RecordedConfig(config())
    expected = list(behaviour(cfg))
    keys = [(key, value) for key, value in leaves(cfg) if key in cfg.reads and key.startswith(OWN)]
    assert keys
    assert not [key for key, value in keys if not differs(config(key, other(key, value)), expected)]


HONOURED = {
    "TwoStream AGW": {"MODEL.HEADS.POOL_LAYER", "MODEL.BACKBONE.RESNET.SPECIFIC_STAGES", "TEST.SYSU.GALLERY"},
    "TwoStream HCT": {"MODEL.LOSSES.CE.EPSILON", "MODEL.HEADS.PARTS", "MODEL.BACKBONE.RESNET.STEM_RELU"},
}
REFUSED = {
    "MODEL.BACKBONE.WITH_NL": True,
    "MODEL.BACKBONE.WITH_IBN": True,
    "MODEL.BACKBONE.DEPTH": "18x",
    "MODEL.BACKBONE.VIT.DEPTH": 6,
    "MODEL.CMT.HEADS": 4,
    "MODEL.CMTR.MAPPING": "identity",
    "MODEL.MUN.AUXILIARY": "x",
    "INPUT.SHARED_DRAWS": False,
    "DATASETS.REGDB.TRIAL": 3,
    "DATASETS.ALIGNED.COMPLETE": True,
    "DATALOADER.SET_WEIGHT": "[1, 2]",
    "KD.EMA.ENABLED": True,
}
"""What neither AGW nor HCT can honour on SYSU-MM01."""


@pytest.mark.parametrize("method", HONOURED)
def test_what_a_method_cannot_honour_is_refused_by_name(tiny_cfg, method, sysu_datasets):
    base = ARCHITECTURES[method]
    reads = MMTrainer(tiny_cfg("SEED", 1, base=base)).cfg.reads
    assert HONOURED[method] <= reads
    refuse_unread(tiny_cfg(base=base), reads)
    for key, value in REFUSED.items():
        with pytest.raises(InputError, match=f"no effect on {method.split()[0]} with .* on SYSUMM01: {key} .*default"):
            refuse_unread(tiny_cfg(key, value, base=base), reads)


def test_what_another_key_switches_off_is_only_warned_of(tiny_cfg, warnings):
    """An ablation changes a single key."""
    cfg = tiny_cfg(
        "SOLVER.WARMUP_FACTOR", 0.5, "MODEL.MUN.RATIOS", "[2, 4]", "MODEL.MUN.TR_GROUPS", 2, base="SYSU/mun.yml"
    )
    reads = {key for key, _ in leaves(cfg)} - {"SOLVER.WARMUP_FACTOR", "MODEL.MUN.RATIOS", "MODEL.MUN.TR_GROUPS"}
    refuse_unread(cfg, reads)
    (record,) = warnings
    assert record.getMessage() == (
        "switched off by other keys: MODEL.MUN.RATIOS (2, 4) (default (2, 4, 6, 12)); "
        "MODEL.MUN.TR_GROUPS 2 (default 1); SOLVER.WARMUP_FACTOR 0.5 (default 0.1)"
    )
    with pytest.raises(InputError, match="MODEL.MUN.TR_GROUPS"):
        refuse_unread(cfg, {key for key in reads if not key.startswith("MODEL.MUN.")})


def test_numbers_of_losses_and_heads_that_are_not_named_are_warned_of(tiny_cfg, warnings, sysu_datasets):
    MMTrainer(tiny_cfg("MODEL.LOSSES.TRI.MARGIN", 0.5, "MODEL.HEADS.POOL_LAYER", "GlobalMaxPool"))
    (message,) = [record.getMessage() for record in warnings if "switched off" in record.getMessage()]
    assert "MODEL.LOSSES.TRI.MARGIN 0.5" in message and "MODEL.HEADS.POOL_LAYER 'GlobalMaxPool'" in message


def test_what_is_read_but_switched_off_is_warned_of_with_its_switch(tiny_cfg, warnings):
    """Every key beside an ENABLED, and those that declare a switch."""
    base = tiny_cfg(base="SYSU/agw.yml")
    known = dict(leaves(base))
    beside = {key: (f"{key.rpartition('.')[0]}.ENABLED", False) for key in known}
    beside = {key: pair for key, pair in beside.items() if pair[0] in known and key != pair[0]}
    declared = {key: known.off_while for key, known in DECLARED.items() if known.off_while}
    assert len(beside) > 25 and len(declared) == 5 and not set(beside) & set(declared)
    for key, (switch, off) in (beside | declared).items():
        cfg = base.clone()
        cfg.merge_from_list([switch, off, key, other(key, known[key])])
        refuse_unread(cfg, set(known))
        assert re.search(rf"{key} [^;]*\(default [^;]* by {switch} {off!r}(;|$)", warnings.pop().getMessage()), key


def test_a_run_refuses_before_it_trains(tiny_cfg, sysu_datasets):
    with pytest.raises(InputError, match="MODEL.MUN.TR_GROUPS 2 .default 1.; leave out"):
        MMTrainer(tiny_cfg("MODEL.MUN.TR_GROUPS", 2))
    for option in (("MODEL.FREEZE_LAYERS", "['backbone']"), ("SOLVER.FREEZE_ITERS", 3)):
        with pytest.raises(InputError, match="no effect without each other"):
            MMTrainer(tiny_cfg(*option))


def test_keys_that_are_read_later_are_read(tiny_cfg, sysu_datasets):
    options = ("SOLVER.CLIP_GRADIENTS.ENABLED", True, "TEST.CORRUPTION.ENABLED", True, "TEST.CORRUPTION.REPETITIONS", 1)
    precise = ("TEST.PRECISE_BN.ENABLED", True, "TEST.PRECISE_BN.NUM_ITER", 1)
    trainer = MMTrainer(tiny_cfg(*options, *precise, "SOLVER.MAX_EPOCH", 1))
    trainer.resume_or_load(resume=False)
    trainer.train()
    later = {key for key, known in DECLARED.items() if known.if_unread == "expected"}
    unread = {key for key in later - trainer.cfg.reads if not key.startswith(("TRACKING", "DATASETS.TABLE"))}
    assert unread == {"CUDNN_BENCHMARK", "IMPORTS"}  # fast-reid's default_setup and load_config read them


def test_reads_are_of_leaves_through_copies_and_not_by_dump(tiny_cfg):
    cfg = RecordedConfig(tiny_cfg())
    assert cfg == tiny_cfg() and cfg.dump() == tiny_cfg().dump() and cfg.reads == set()
    copy = cfg.clone()
    assert (copy.MODEL.CMTR.MAPPING, cfg["SEED"]) == ("fc", 7)
    assert cfg.reads == copy.reads == {"MODEL.CMTR.MAPPING", "SEED"}
