from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from fastreid.engine import hooks
from fastreid.modeling import build_model

from fastreid_mm.common.errors import InputError
from fastreid_mm.engine import MMTrainer
from fastreid_mm.engine.schedule import build_optimizer
from fastreid_mm.engine.setup import seed_everything
from fastreid_mm.losses import maximum_mean_discrepancy
from fastreid_mm.settings.load import load_config
from tests.modeling.test_architectures import vi_batch

CONFIGS = Path(__file__).parent.parent.parent / "configs"
IDC, IA, MA = "IdentityConsistency", "IdentityAlignment", "ModalityAlignment"


def keys(*options):
    """Options of MODEL.MUN, and of the modality alignment loss."""
    names = [f"LOSSES.MODALITY_ALIGNMENT.{name}" if name in OF_ALIGNMENT else f"MUN.{name}" for name in options[::2]]
    return [word for name, value in zip(names, options[1::2]) for word in (f"MODEL.{name}", value)]


OF_ALIGNMENT = ("PROTOTYPE", "BRIDGE", "PROTOTYPE_MEMORY", "PROTOTYPE_LR_FACTOR")


def named(*more):
    """The option that names the losses of the base, and some more."""
    return ["MODEL.LOSSES.NAME", str(("CrossEntropyLoss", "TripletLoss", *more))]


def recording(model):
    """What the head gives, in a dict that the next batch fills."""
    seen = {}
    model.heads.register_forward_hook(lambda *arguments: seen.update(arguments[-1]))
    return seen


@pytest.fixture
def build(tiny_cfg):
    def make(*options):
        torch.manual_seed(0)
        return build_model(tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, *options, base="SYSU/mun.yml"))

    return make


@pytest.fixture(scope="module")
def papers_network():
    cfg = load_config(
        str(CONFIGS / "SYSU" / "mun.yml"),
        ["MODEL.DEVICE", "cpu", "MODEL.BACKBONE.PRETRAIN", "False", "MODEL.HEADS.NUM_CLASSES", "395"],
    )
    return build_model(cfg)


def test_the_papers_network_at_full_size(papers_network):
    model = papers_network.eval()
    assert (model.backbone.specific_dim, model.backbone.dim) == (256, 2048)
    assert model.auxiliary.cross.ratios == (2, 4, 6, 12)
    assert model.losses.terms["ModalityAlignment"].prototypes.memory.shape == (3, 32, 2048)
    seen = {}
    handle = model.backbone.rest.register_forward_hook(lambda _, i, o: seen.update(before=i[0].shape, after=o.shape))
    with torch.no_grad():
        feature = model({"images": torch.rand(1, 3, 288, 144) * 255, "modalities": torch.tensor([1])})
    handle.remove()
    assert seen == {"before": (1, 256, 72, 36), "after": (1, 2048, 18, 9)} and feature.shape == (1, 2048)


def test_only_the_generator_prototypes_and_classifiers_are_not_needed_when_testing(papers_network):
    sizes = {
        name: sum(value.numel() for value in child.parameters()) for name, child in papers_network.named_children()
    }
    # four full transposed convolutions (13.1 M) and what surrounds them; three maps of 2048 x 2048, two classifiers
    assert 13.1e6 < sizes["auxiliary"] < 15e6
    assert sizes["losses"] == 3 * 2048**2 and sizes["heads"] == 2 * 395 * 2048 + 2 * 2048


LOSSES = {"loss_cls", "loss_triplet"}
EVERY = {"loss_identity_consistency", "loss_identity_alignment", "loss_modality_alignment"}


@pytest.mark.parametrize(
    "options, extra",
    [
        ([], EVERY),
        (named(), set()),  # table 1
        (named("AuxiliaryIdentity"), {"loss_auxiliary_identity"}),
        (named(IDC), {"loss_identity_consistency"}),
        (named(IDC, IA), {"loss_identity_consistency", "loss_identity_alignment"}),
        (named(IDC, MA), {"loss_identity_consistency", "loss_modality_alignment"}),
        *((keys("AUXILIARY", name), EVERY) for name in ("x", "mixed", "syncretic")),  # table 2
        (keys("PROTOTYPE", False), EVERY),  # table 3
        (keys("BRIDGE", False), EVERY),
        (keys("PROTOTYPE", False, "BRIDGE", False), EVERY),
        ([*named(MA), *keys("BRIDGE", False)], {"loss_modality_alignment"}),
        (keys("PROTOTYPE_MEMORY", "identity"), EVERY),
        (keys("TR_GROUPS", 4), EVERY),
    ],
)
def test_every_row_of_the_papers_tables_is_a_key(build, options, extra):
    model = build(*options)
    losses = model(vi_batch())
    assert set(losses) == LOSSES | extra and all(loss.isfinite() for loss in losses.values())
    sum(losses.values()).backward()
    assert all(value.grad is not None for value in model.parameters() if value.requires_grad)


def test_the_auxiliary_modality_is_there_if_a_loss_asks_for_it(build):
    assert build().auxiliary is not None and build(*named("AuxiliaryIdentity")).auxiliary is not None
    assert build(*named()).auxiliary is None
    assert build(*named(MA), *keys("BRIDGE", False)).auxiliary is None


def test_losses_are_those_of_the_formulas(build):
    model, batch = build(), vi_batch()
    seen = recording(model)
    losses = model(batch)
    visible, infrared = seen["neck_features"].chunk(2)
    auxiliary = seen["auxiliary_neck_features"]
    targets = batch["targets"][:8]

    def cross_entropy(layer, z):
        return F.cross_entropy(model.heads.classifiers[layer](z), targets)

    torch.testing.assert_close(losses["loss_cls"], cross_entropy(0, visible) + cross_entropy(1, infrared))
    both = cross_entropy(0, auxiliary) + cross_entropy(1, auxiliary)
    torch.testing.assert_close(losses["loss_identity_consistency"], 0.25 * both)
    visible, infrared, auxiliary = seen["triple_features"].unbind(1)  # what the prototypes of a first batch are
    pairs = [
        maximum_mean_discrepancy(a[targets == p], b[targets == p])
        for p in range(4)
        for a, b in ((visible, auxiliary), (auxiliary, infrared))
    ]
    torch.testing.assert_close(losses["loss_modality_alignment"], 0.008 * sum(pairs) / 4)


def test_weights_scale_their_loss_only(build):
    scales = {"IDENTITY_CONSISTENCY": 0.5, "IDENTITY_ALIGNMENT": 1.0, "MODALITY_ALIGNMENT": 0.016}
    options = [word for name, scale in scales.items() for word in (f"MODEL.LOSSES.{name}.SCALE", scale)]
    plain, doubled = build()(vi := vi_batch()), build(*options)(vi)
    for name, loss in plain.items():
        torch.testing.assert_close(doubled[name], loss * (1 if name in LOSSES else 2), msg=name)


@pytest.mark.parametrize(
    "options, named",
    [
        (("AUXILIARY", "gan"), "AUXILIARY 'gan'"),
        (("PROTOTYPE_LR_FACTOR", -1.0), "PROTOTYPE_LR_FACTOR -1"),
        (("RATIOS", "()"), "RATIOS .. has no ratio"),
        (("RATIOS", "[2, 3]"), r"RATIOS: 3 does not divide maps of 8 x 4, which INPUT.SIZE_TRAIN \[32, 16\]"),
        (("TR_GROUPS", 5), "TR_GROUPS 5 does not divide"),
        (("PROTOTYPE_MEMORY", "queue"), "PROTOTYPE_MEMORY 'queue'"),
    ],
)
def test_impossible_options_are_named(build, options, named):
    with pytest.raises(InputError, match=named):
        build(*keys(*options))


def test_other_backbones_and_batches_that_are_not_paired_are_refused(build):
    with pytest.raises(InputError, match="build_timm_vit_backbone"):
        build("MODEL.BACKBONE.NAME", "build_timm_vit_backbone")
    batch = vi_batch()
    batch["targets"][8:] = batch["targets"][8:].flip(0)
    with pytest.raises(InputError, match="CrossModalityIdentitySampler"):
        build()(batch)


def test_inference_uses_neither_generator_nor_prototypes(build):
    model, batch = build().eval(), vi_batch()
    expected = model(batch)
    for module in (*model.auxiliary.modules(), *model.heads.classifiers.modules(), *model.losses.modules()):
        for value in (*module.parameters(recurse=False), *module.buffers(recurse=False)):
            value.data.fill_(float("nan") if value.is_floating_point() else 0)
    assert torch.equal(model(batch), expected)


def test_building_leaves_the_batch_statistics_alone(build):
    model = build()
    assert model.training and all(
        int(value) == 0 for name, value in model.named_buffers() if name.endswith("num_batches_tracked")
    )


@pytest.mark.parametrize("statistics, expected", [("own", [(0, 8), (1, 8), (0, 8)]), ("shared", [(0, 16), (1, 8)])])
def test_auxiliary_images_go_through_the_visible_stream(build, statistics, expected):
    model, seen = build(*keys("AUXILIARY", "mixed", "AUXILIARY_STATISTICS", statistics)), []
    for index, stream in enumerate(model.backbone.streams):
        stream.register_forward_hook(lambda _, inputs, __, index=index: seen.append((index, len(inputs[0]))))
    model(vi_batch())
    assert seen == expected


def normed(features):
    return (features - features.mean(0)) / (features.var(0, unbiased=False) + 1e-5).sqrt()


def test_auxiliary_features_have_statistics_of_their_own_and_leave_no_trace(build):
    model, batch, shared = build(), vi_batch(), []
    seen = recording(model)
    model.backbone.rest.register_forward_hook(lambda _, inputs, __: shared.append(len(inputs[0])))
    model(batch)
    assert shared == [16, 8]
    torch.testing.assert_close(model.heads.neck.running_mean, 0.1 * seen["features"].mean(0))
    torch.testing.assert_close(seen["neck_features"], normed(seen["features"]), atol=1e-4, rtol=1e-4)
    auxiliary = seen["triple_features"][:, 2]
    torch.testing.assert_close(seen["auxiliary_neck_features"], normed(auxiliary), atol=1e-4, rtol=1e-4)
    base = build(*named())  # without auxiliary maps the shared stages remember the same
    base.load_state_dict(build().state_dict(), strict=False)
    base(batch)
    remembered = {name: value for name, value in model.named_buffers() if "running" in name and "rest" in name}
    for name, value in base.named_buffers():
        if name in remembered:
            torch.testing.assert_close(value, remembered[name])
    assert remembered and all(norm.momentum == 0.1 for norm in model.modules() if hasattr(norm, "momentum"))


def test_statistics_may_be_shared_by_all_three(build):
    model = build(*keys("AUXILIARY_STATISTICS", "shared"))
    seen = recording(model)
    model(vi_batch())
    before = torch.cat([seen["features"], seen["triple_features"][:, 2]])
    after = torch.cat([seen["neck_features"], seen["auxiliary_neck_features"]])
    torch.testing.assert_close(after, normed(before), atol=1e-4, rtol=1e-4)
    with pytest.raises(InputError, match="AUXILIARY_STATISTICS 'none'"):
        build(*keys("AUXILIARY_STATISTICS", "none"))


@pytest.mark.parametrize("memory, slots", [("slot", 8), ("identity", 10)])
def test_prototypes_remember_places_in_the_batch_or_images_of_an_identity(build, memory, slots):
    model, batch = build(*keys("PROTOTYPE_MEMORY", memory)), vi_batch()
    prototypes = model.losses.terms["ModalityAlignment"].prototypes
    assert prototypes.memory.shape[1] == slots  # 8 images of a modality, or 5 identities x 2
    batch["targets"] = torch.tensor([3, 3, 0, 0, 4, 4, 1, 1]).repeat(2)
    seen = recording(model)
    model(batch)
    rows = range(8) if memory == "slot" else (6, 7, 0, 1, 8, 9, 2, 3)
    torch.testing.assert_close(prototypes.memory[:, list(rows)], seen["triple_features"].transpose(0, 1))
    assert prototypes.memory_used.sum() == 8


def train(cfg, stop_at=None):
    Path(cfg.OUTPUT_DIR).mkdir(parents=True, exist_ok=True)
    seed_everything(cfg.SEED, 0)
    trainer = MMTrainer(cfg)
    trainer.resume_or_load(resume=True)
    if stop_at is not None:

        class Stop(hooks.HookBase):
            def before_epoch(self):
                if self.trainer.epoch == stop_at:
                    raise KeyboardInterrupt

        trainer.register_hooks([Stop()])
        with pytest.raises(KeyboardInterrupt):
            trainer.train()
    else:
        trainer.train()
    return trainer


def test_prototypes_are_in_the_checkpoint_and_know_how_long_training_is(tiny_cfg, sysu_datasets):

    def cfg(output, *options):
        return tiny_cfg("SOLVER.WARMUP_ITERS", 0, *options, base="SYSU/mun.yml", output=output)

    whole = train(cfg("whole"))
    prototypes = whole.model.losses.terms["ModalityAlignment"].prototypes
    assert prototypes.total_iterations == whole.max_iter == prototypes.iteration
    train(cfg("cut"), stop_at=1)
    resumed = train(cfg("cut"))
    assert resumed.start_epoch == 1
    expected = whole.model.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in resumed.model.state_dict().items())
    # another batch has other slots: no obstacle to testing, or to fine-tuning
    weights = Path(whole.cfg.OUTPUT_DIR) / "model_final.pth"
    other = train(cfg("other", "MODEL.WEIGHTS", str(weights), "SOLVER.IMS_PER_BATCH", 8, "SOLVER.MAX_EPOCH", 0))
    assert other.model.losses.terms["ModalityAlignment"].prototypes.memory.shape[1] == 4


@pytest.mark.parametrize("name, images", [("SYSU", 22258), ("RegDB", 2060)])
def test_settings_are_the_papers(name, images):
    cfg = load_config(str(CONFIGS / name / "mun.yml"), [])
    assert 15 * (images // 32 + 1) == cfg.SOLVER.WARMUP_ITERS  # the sampler's epochs
    assert (cfg.SOLVER.MAX_EPOCH, cfg.SOLVER.IMS_PER_BATCH, cfg.DATALOADER.NUM_INSTANCE) == (90, 64, 4)
    assert cfg.INPUT.SIZE_TRAIN == cfg.INPUT.SIZE_TEST == [288, 144]
    assert all(cfg.INPUT[key].ENABLED for key in ("FLIP", "PADDING", "REA", "CHANNEL_AUGMENTATION"))
    assert cfg.MODEL.BACKBONE.LAST_STRIDE == 1 and cfg.MODEL.BACKBONE.RESNET.SPECIFIC_STAGES == 2
    assert cfg.TEST.METRIC == "cosine"


def test_the_schedule_is_the_papers(build):
    """AdamW, from 1e-8 to 0.002 over 15 epochs, a tenth after 30 and a hundredth after 60."""
    cfg = load_config(str(CONFIGS / "SYSU" / "mun.yml"), ["SOLVER.WARMUP_ITERS", "45", "MODEL.DEVICE", "cpu"])
    model = build()
    optimizer = build_optimizer(cfg, model)
    trainer = hooks.HookBase()
    trainer.warmup_iters, trainer.delay_epochs, trainer.grad_scaler = 45, 0, None
    trainer.storage = type("Storage", (), {"put_scalar": lambda *args, **kwargs: None})()
    trainer.iter, rates = 0, []
    hook = hooks.LRScheduler(optimizer, MMTrainer.build_lr_scheduler(cfg, optimizer, 3))
    hook.trainer = trainer
    for trainer.epoch in range(cfg.SOLVER.MAX_EPOCH):
        for _ in range(3):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            hook.after_step()
            trainer.iter += 1
        hook.after_epoch()
    assert cfg.SOLVER.OPT == "AdamW" and {group["weight_decay"] for group in optimizer.param_groups} == {0.01}
    assert rates[0] == pytest.approx(1e-8) and rates[15] == pytest.approx(0.002 / 3, rel=1e-4)
    assert rates[45:90] == pytest.approx([0.002] * 45)
    assert rates[90:180] == pytest.approx([2e-4] * 90) and rates[180:] == pytest.approx([2e-5] * 90)
