from pathlib import Path

import pytest
import torch
from fastreid.modeling import build_model

from fastreid_mm.common.errors import InputError
from fastreid_mm.engine.schedule import build_optimizer
from fastreid_mm.settings.load import load_config
from tests.modeling.test_architectures import vi_batch

PAPER = Path(__file__).parent.parent.parent / "configs" / "SYSU" / "cmtr.yml"


@pytest.fixture
def build(tiny_cfg):
    def make(*options):
        torch.manual_seed(0)
        return build_model(tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, *options))

    return make


def test_the_papers_network_at_full_size():
    cfg = load_config(
        str(PAPER), ["MODEL.DEVICE", "cpu", "MODEL.BACKBONE.PRETRAIN", "False", "MODEL.HEADS.NUM_CLASSES", "395"]
    )
    model = build_model(cfg).eval()
    vit = model.backbone.vit
    assert (len(vit.blocks), vit.embed_dim, vit.blocks[0].attn.num_heads) == (12, 768, 12)
    assert vit.norm.eps == 1e-6 and vit.blocks[0].attn.qkv.bias is not None
    assert vit.blocks[0].mlp.fc1.out_features == 4 * 768
    assert vit.pos_embed.shape == (1, 466, 768)
    with torch.no_grad():
        feature = model({"images": torch.rand(1, 3, 256, 128) * 255, "modalities": torch.tensor([1])})
    assert feature.shape == (1, 768)
    # ViT-B/16 without classifier (85.8 M), 466 - 197 more positions, and CMTR's own parts
    own = 2 * 768 + 2 * 768 * 768 + 2 * 768 + 2 * 395 * 768
    assert sum(value.numel() for value in model.parameters()) == 85_798_656 + (466 - 197) * 768 + own


LOSSES = {"loss_cls", "loss_weighted_regularized_triplet"}
CENTER, IDENTITY = "loss_modality_aware_center", "loss_modality_aware_identity"
BASE = ("CrossEntropyLoss", "WeightedRegularizedTriplet")
SUMS = [word for part in ("CENTER", "IDENTITY") for word in (f"MODEL.LOSSES.MODALITY_AWARE_{part}.REDUCTION", "sum")]
NO_EMBEDDING = ["MODEL.CMTR.MODALITY_EMBEDDING", False]


def named(*more):
    """The option that names the losses of the base, and some more."""
    return ["MODEL.LOSSES.NAME", str(BASE + more)]


@pytest.mark.parametrize(
    "options, extra",
    [
        ([], {CENTER, IDENTITY}),
        (named("ModalityAwareIdentity"), {IDENTITY}),  # table 3
        (named("ModalityAwareCenter"), {CENTER}),
        (named(), set()),
        ([*NO_EMBEDDING, *named()], set()),
        ([*named("CenterLoss"), "MODEL.LOSSES.CENTER_LOSS.OUTPUTS", "('neck_features',)"], {"loss_center"}),  # table 5
        (named("HeteroCenter"), {"loss_hetero_center"}),
        (["MODEL.CMTR.MAPPING", "identity"], {CENTER, IDENTITY}),  # table 7
        (["MODEL.CMTR.MAPPING", "fc_bias"], {CENTER, IDENTITY}),
        *(
            (["MODEL.LOSSES.MODALITY_AWARE_CENTER.DISTANCE", name], {CENTER, IDENTITY})
            for name in ("l1", "l2", "smooth_l1")
        ),
        (["MODEL.LOSSES.MODALITY_AWARE_CENTER.REDUCTION", "sum"], {CENTER, IDENTITY}),
        (["MODEL.CMTR.EMBED_CLASS_TOKEN", False], {CENTER, IDENTITY}),
        (["MODEL.BACKBONE.STRIDE_SIZE", "(8, 8)"], {CENTER, IDENTITY}),  # table 4
    ],
)
def test_every_row_of_the_papers_tables_is_a_key(build, options, extra):
    model = build(*options)
    losses = model(vi_batch())
    assert set(losses) == LOSSES | extra
    sum(losses.values()).backward()
    assert all(value.grad is not None for value in model.parameters() if value.requires_grad)


@pytest.mark.parametrize("name, term", [(CENTER, "MODALITY_AWARE_CENTER"), (IDENTITY, "MODALITY_AWARE_IDENTITY")])
def test_lambda_scales_its_loss_only(build, name, term):
    no_drop, batch = ("MODEL.BACKBONE.DROP_PATH_RATIO", 0.0), vi_batch()
    four, one = (build(*no_drop, f"MODEL.LOSSES.{term}.SCALE", scale)(batch) for scale in (4.0, 1.0))
    for each, loss in four.items():
        torch.testing.assert_close(loss, one[each] * (4 if each == name else 1))


def test_a_sum_is_the_mean_times_the_batch(build):
    no_drop, batch = ("MODEL.BACKBONE.DROP_PATH_RATIO", 0.0), vi_batch()
    mean, summed = build(*no_drop)(batch), build(*no_drop, *SUMS)(batch)
    for name in (CENTER, IDENTITY):
        torch.testing.assert_close(summed[name], 16 * mean[name])


def test_the_sums_of_eq_4_and_5_train(tiny_cfg):
    torch.manual_seed(0)
    cfg = tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, "MODEL.BACKBONE.DROP_PATH_RATIO", 0.0, *SUMS)
    model, batch = build_model(cfg), vi_batch()
    optimizer, values = build_optimizer(cfg, model), []
    for _ in range(20):
        losses = model(batch)
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
        values.append({name: loss.item() for name, loss in losses.items()})
    assert all(values[-1][name] < values[0][name] for name in (*LOSSES, CENTER, IDENTITY))
    features = model.eval()(batch)
    assert features.isfinite().all() and features.std(0).mean() > 0.1


@pytest.mark.parametrize("mapping", ["fc", "fc_bias", "identity"])
def test_retrieval_by_g_is_without_the_modality(build, mapping):
    options, batch = ("MODEL.CMTR.MAPPING", mapping), vi_batch()
    f, g = build(*options).eval(), build(*options, "MODEL.CMTR.TEST_FEATURE", "g").eval()
    g.load_state_dict(f.state_dict())
    removed = torch.stack([phi(e) for phi, e in zip(f.heads.removal.mappings, f.embedding.weight)])
    torch.testing.assert_close(g(batch), f(batch) - removed[batch["modalities"]])
    of_training = ("losses.", "heads.classifier.")
    assert g.training_only == of_training and f.training_only == (*of_training, "heads.removal.")
    with pytest.raises(InputError, match="MODEL.CMTR.TEST_FEATURE g .* ModalityAwareIdentity"):
        build(*named(), "MODEL.CMTR.TEST_FEATURE", "g")


def test_a_test_says_how_far_the_mapped_embeddings_are_apart(build):
    model = build("MODEL.CMTR.MAPPING", "identity")
    with torch.no_grad():
        model.embedding.weight.copy_(torch.eye(2, 32) * torch.tensor([[3.0], [4.0]]))
    assert model.remark == "mapped modality embeddings are 5.000 apart, 3.000 and 4.000 long"
    assert build(*named()).remark == build(*NO_EMBEDDING, *named()).remark == ""


def test_a_shorter_list_of_losses_is_a_smaller_network(build):
    names = {name for name, _ in build(*named()).named_parameters()}
    assert not [name for name in names if "removal" in name or name.startswith("losses.")]


@pytest.mark.parametrize(
    "key, value",
    [
        ("CMTR.MAPPING", "mlp"),
        ("CMTR.TEST_FEATURE", "h"),
        ("LOSSES.MODALITY_AWARE_CENTER.DISTANCE", "l3"),
        ("LOSSES.MODALITY_AWARE_CENTER.REDUCTION", "max"),
        ("LOSSES.MODALITY_AWARE_IDENTITY.SCALE", -1.0),
    ],
)
def test_impossible_options_are_named(build, key, value):
    with pytest.raises(InputError, match=f"MODEL.{key}"):
        build(f"MODEL.{key}", value)


def test_a_modality_that_is_not_put_in_cannot_be_taken_out(build):
    with pytest.raises(InputError, match="CMTRHead needs modality_embeddings, which .*CMTR does not make"):
        build(*NO_EMBEDDING)


def test_other_backbones_and_unequal_sizes_are_refused(build):
    with pytest.raises(InputError, match="build_resnet_backbone"):
        build("MODEL.BACKBONE.NAME", "build_resnet_backbone", "MODEL.BACKBONE.DEPTH", "18x")
    with pytest.raises(InputError, match=r"SIZE_TEST \[64, 32\]"):
        build("INPUT.SIZE_TEST", "[64, 32]")
    with pytest.raises(InputError, match="vit_huge_patch1"):
        build("MODEL.BACKBONE.VIT.NAME", "vit_huge_patch1")


def test_modality_changes_the_feature_unless_there_is_no_embedding(build):
    images = vi_batch()["images"]
    for model, same in (
        (build(), False),
        (build(*NO_EMBEDDING, *named()), True),
    ):
        model.eval()
        visible = model({"images": images, "modalities": torch.zeros(16, dtype=torch.long)})
        infrared = model({"images": images, "modalities": torch.ones(16, dtype=torch.long)})
        assert torch.allclose(visible, infrared) is same


def test_attention_maps_are_those_of_the_fused_kernel(build):
    model, batch = build().eval(), vi_batch()
    maps = model.attention_maps(batch["images"], batch["modalities"])
    assert len(maps) == 2 and maps[0].shape == (16, 2, 22, 22)  # a class token and 7 x 3 patches
    torch.testing.assert_close(maps[0].sum(-1), torch.ones(16, 2, 22))
    layer, seen = model.backbone.vit.blocks[0].attn, {}
    assert layer.fused_attn  # switched back
    hooks = [
        layer.qkv.register_forward_hook(lambda *args: seen.update(qkv=args[-1])),
        layer.proj.register_forward_hook(lambda _, inputs, __: seen.update(mixed=inputs[0])),
    ]
    model(batch)
    value = seen["qkv"].reshape(16, 22, 3, 2, 16)[:, :, 2].transpose(1, 2)  # (B, h, n, c)
    torch.testing.assert_close(
        (maps[0] @ value).transpose(1, 2).reshape(16, 22, 32), seen["mixed"], atol=1e-5, rtol=1e-4
    )
    for hook in hooks:
        hook.remove()


def test_the_fused_kernel_is_the_one_that_runs(build):
    model, batch = build("MODEL.BACKBONE.DROP_PATH_RATIO", 0.0), vi_batch()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        model(batch)
    names = {event.key for event in profile.key_averages()}
    assert any("flash_attention" in name for name in names), sorted(name for name in names if "attention" in name)


def test_from_scratch_everything_learns_at_the_full_rate(tiny_cfg):
    cfg = tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5)
    assert {group["lr"] for group in build_optimizer(cfg, build_model(cfg)).param_groups} == {1e-3}
