"""Vision transformers by name."""

import pytest
import timm
import torch
from fastreid.modeling import build_model
from fastreid.modeling.backbones import build_backbone
from torch.nn.utils import parametrize

from fastreid_mm.common.errors import InputError
from fastreid_mm.engine.schedule import build_optimizer
from fastreid_mm.visualization.class_attention import attention_heat

TINY = {"patch_size": 8, "embed_dim": 32, "depth": 2, "num_heads": 2}
PREFIXES = {
    "test_vit": 1,
    "deit_tiny_patch16_224": 1,
    "deit3_small_patch16_224": 1,  # has no position embedding of the class token
    "deit_tiny_distilled_patch16_224": 2,
    "vit_small_patch14_reg4_dinov2": 5,
    "vit_base_patch16_clip_224": 1,  # normalizes before the first block
    "test_vit2": 1,  # averages the patches, and normalizes afterwards
    "vit_base_patch16_siglip_224": 0,  # no class token
    "vit_base_patch16_siglip_gap_224": 0,
    "eva_giant_patch14_224": 1,
    "eva02_tiny_patch14_224": 1,  # rotary positions besides the others
    "eva02_base_patch16_clip_224": 1,
    "vit_small_patch16_dinov3": 5,  # rotary positions alone
    "vit_small_patch16_dinov3_qkvb": 5,
    "vit_small_patch16_rope_mixed_224": 1,  # rotary positions of each block
    "vit_pe_core_tiny_patch16_384": 1,
}
NAMES = list(PREFIXES)
POOLED = {name for name in NAMES if "siglip" in name or name.startswith(("test_vit2", "eva_", "eva02_tiny", "vit_pe"))}


def batch_of(height=32, width=16):
    return {
        "images": 255 * torch.rand(4, 3, height, width),
        "targets": torch.tensor([0, 0, 1, 1]),
        "modalities": torch.tensor([0, 1, 0, 1]),
    }


@pytest.fixture
def config(tiny_cfg):
    def make(name, *options):
        return tiny_cfg("MODEL.BACKBONE.VIT.NAME", name, *options)

    return make


@pytest.mark.parametrize("name", NAMES)
def test_without_overlap_it_is_timms_network(config, name, tmp_path):
    torch.manual_seed(0)
    expected = timm.create_model(name, img_size=(32, 16), num_classes=7, dynamic_img_size=False, **TINY).eval()
    torch.save(expected.state_dict(), tmp_path / "vit.pth")
    options = ("STRIDE_SIZE", (8, 8), "PRETRAIN", True, "PRETRAIN_PATH", tmp_path / "vit.pth")
    keys = [f"MODEL.BACKBONE.{key}" if index % 2 == 0 else key for index, key in enumerate(options)]
    backbone, images = build_backbone(config(name, *keys)).eval(), torch.randn(2, 3, 32, 16)
    tokens = backbone.tokens(images)
    assert backbone.prefix_tokens == PREFIXES[name] and tokens.shape == (2, PREFIXES[name] + 8, 32)
    features = expected.forward_features(images)
    torch.testing.assert_close(backbone.encode(tokens), features, atol=1e-5, rtol=1e-5)
    feature = backbone.feature(features)
    if backbone.class_token:
        assert torch.equal(feature, features[:, 0])
    else:
        torch.testing.assert_close(feature, expected.forward_head(features, pre_logits=True), atol=1e-5, rtol=1e-5)
    assert backbone.class_token == (name not in POOLED)
    assert set(backbone.pretrained_parameters()) == set(backbone.parameters())


@pytest.mark.parametrize("is_train", [False, True])
@pytest.mark.parametrize(
    "name", ["test_vit", "deit_tiny_distilled_patch16_224", "test_vit2", "vit_small_patch16_dinov3"]
)
def test_a_last_block_of_class_tokens_alone_gives_equal_features_and_gradients(config, name, is_train):
    torch.manual_seed(0)
    drops = ("MODEL.BACKBONE.DROP_PATH_RATIO", 0.5, "MODEL.BACKBONE.DROP_RATIO", 0.0)
    backbone = build_backbone(config(name, "MODEL.BACKBONE.PRETRAIN", False, *drops)).double().train(is_train)
    tokens = backbone.tokens(torch.randn(4, 3, 32, 16, dtype=torch.float64)).detach().requires_grad_()
    results = []
    for way in (backbone.encode_feature, lambda tokens: backbone.feature(backbone.encode(tokens))):
        torch.manual_seed(1)
        feature = way(tokens)
        used = [tokens, *backbone.vit.blocks.parameters()]
        gradients = torch.autograd.grad(feature.square().sum(), used, allow_unused=True)
        results.append([feature, *(gradient for gradient in gradients if gradient is not None)])
    torch.testing.assert_close(*results, atol=1e-10, rtol=1e-9)


def test_it_starts_from_the_backbone_of_a_checkpoint_of_its_own(config, tmp_path):
    first = build_model(config("test_vit", "MODEL.HEADS.NUM_CLASSES", 2))
    torch.save({"model": first.state_dict()}, tmp_path / "model_final.pth")
    options = ("MODEL.BACKBONE.PRETRAIN", True, "MODEL.BACKBONE.PRETRAIN_PATH", tmp_path / "model_final.pth")
    backbone = build_backbone(config("test_vit", *options))
    torch.testing.assert_close(backbone.state_dict(), first.backbone.state_dict(), rtol=0, atol=0)
    assert set(backbone.pretrained_parameters()) == set(backbone.parameters())


@pytest.mark.parametrize("name", ["deit3_small_patch16_224", "deit_tiny_distilled_patch16_224"])
def test_position_embeddings_of_patches_alone_are_resized(config, name, tmp_path):
    state = timm.create_model(name, img_size=24, num_classes=7, **TINY).state_dict()
    prefix = state["pos_embed"].shape[1] - 9
    columns = torch.arange(3.0).repeat(3)  # counts the columns of 3 x 3 patches
    state["pos_embed"] = torch.cat([torch.full((prefix,), 9.0), columns])[None, :, None].expand(-1, -1, 32)
    torch.save(state, tmp_path / "vit.pth")
    options = ("MODEL.BACKBONE.PRETRAIN", True, "MODEL.BACKBONE.PRETRAIN_PATH", tmp_path / "vit.pth")
    found = build_backbone(config(name, *options)).vit.pos_embed[0, :, 0].detach()
    assert prefix == (0 if name.startswith("deit3") else 2) and found[:prefix].eq(9).all()
    torch.testing.assert_close(found[prefix:], columns[:3].repeat(7))  # 7 x 3 overlapping patches


def test_cmtr_trains_with_registers_which_are_of_no_modality(config):
    options = ("MODEL.CMTR.EMBED_CLASS_TOKEN", False, "MODEL.HEADS.NUM_CLASSES", 2)
    model = build_model(config("vit_small_patch14_reg4_dinov2", *options))
    assert model.embedding.prefix_tokens == 5
    batch = batch_of()
    sum(model(batch).values()).backward()
    assert model.backbone.vit.reg_token.grad.abs().sum() > 0
    maps = model.eval().attention_maps(batch["images"], batch["modalities"])
    assert [value.shape for value in maps] == [(4, 2, 26, 26)] * 2


@pytest.mark.parametrize(
    "name",
    [
        "test_vit_relpos",
        "vit_base_patch16_18x2_224",  # parallel blocks
        "vit_tiny_r_s16_p8_224",  # patches of a ResNet's maps
        "beit_base_patch16_224",
        "densenet121",
        "vit_nothing",
    ],
)
def test_another_network_is_named(config, name):
    with pytest.raises(InputError, match=f"MODEL.BACKBONE.VIT.NAME {name}[ :]") as error:
        build_backbone(config(name))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", NAMES)
def test_cmtr_takes_a_step_with_overlapping_patches_of_14(config, name):
    patch = ("MODEL.BACKBONE.VIT.PATCH_SIZE", 14, "MODEL.BACKBONE.STRIDE_SIZE", (7, 7), "SOLVER.BASE_LR", 0.01)
    size = ("INPUT.SIZE_TRAIN", [35, 21], "INPUT.SIZE_TEST", [35, 21], "MODEL.HEADS.NUM_CLASSES", 2)
    cfg = config(name, *patch, *size)
    model, batch = build_model(cfg), batch_of(35, 21)
    assert model.backbone.vit.patch_embed.grid_size == (4, 2)
    optimizer, before = build_optimizer(cfg, model), [value.detach().clone() for value in model.parameters()]
    sum(model(batch).values()).backward()
    assert all(value.grad is not None for value in model.parameters() if value.requires_grad)
    optimizer.step()
    assert any(not torch.equal(*pair) for pair in zip(before, model.parameters(), strict=True))
    assert attention_heat(model.eval(), {key: value[:1] for key, value in batch.items()}).shape == (1, 35, 21)


@pytest.mark.parametrize("name", ["test_vit", "eva02_tiny_patch14_224", "vit_base_patch16_siglip_224"])
def test_adapters_change_nothing_at_first_and_are_all_of_the_backbone_that_trains(config, name, tmp_path):
    torch.manual_seed(0)
    plain = build_model(config(name, "MODEL.HEADS.NUM_CLASSES", 2))
    torch.save(plain.backbone.vit.state_dict(), tmp_path / "vit.pth")
    options = ("MODEL.BACKBONE.PRETRAIN", True, "MODEL.BACKBONE.PRETRAIN_PATH", tmp_path / "vit.pth")
    cfg = config(name, *options, "MODEL.HEADS.NUM_CLASSES", 2, "MODEL.BACKBONE.ADAPTER_RANK", 3)
    model, batch = build_model(cfg), batch_of()
    model.eval().load_state_dict({**model.state_dict(), "embedding.weight": plain.embedding.weight})
    encoded = [
        each.backbone.feature(each.backbone.encode(each._tokens(batch["images"], batch["modalities"])))
        for each in (model, plain.eval())
    ]
    torch.testing.assert_close(*encoded)
    trained = [name for name, value in model.backbone.named_parameters() if value.requires_grad]
    assert len(trained) % 2 == 0 and all(".attn." in name and name.endswith((".up", ".down")) for name in trained)
    optimizer = build_optimizer(cfg, model.train())
    for _ in range(2):
        optimizer.zero_grad()
        sum(model(batch).values()).backward()
        optimizer.step()
    assert all(value.grad.abs().sum() > 0 for name, value in model.backbone.named_parameters() if name in trained)
    again = build_model(cfg).eval()
    again.load_state_dict(model.eval().state_dict())
    torch.testing.assert_close(again(batch), model(batch), rtol=0, atol=0)
    weight = next(layer for layer in again.modules() if parametrize.is_parametrized(layer))
    update = weight.parametrizations.weight[0]
    expected = weight.parametrizations.weight.original + update.up @ update.down
    torch.testing.assert_close(weight.weight, expected)


@pytest.mark.parametrize("dropped", [0.0, 0.5])
def test_gradient_checkpointing_changes_neither_tokens_nor_gradients(tiny_cfg, dropped):
    """With the same random numbers of DropPath and dropout, and it keeps the inputs of the blocks alone."""
    found, sizes = [], []
    for flag in (False, True):
        torch.manual_seed(0)
        keys = ("VIT.GRAD_CHECKPOINTING", flag, "DROP_PATH_RATIO", dropped, "DROP_RATIO", dropped)
        options = [f"MODEL.BACKBONE.{key}" if index % 2 == 0 else key for index, key in enumerate(keys)]
        model = build_backbone(tiny_cfg(*options)).train()
        sizes.append([])
        with torch.autograd.graph.saved_tensors_hooks(lambda x: sizes[-1].append(x.numel()) or x, lambda x: x):
            tokens = model.encode(model.tokens(torch.rand(2, 3, *model.vit.patch_embed.img_size)))
        tokens.square().sum().backward()
        found.append((tokens, [value.grad for value in model.parameters()], sum(sizes[-1])))
    (tokens, gradients, saved), (again, others, less) = found
    assert torch.equal(tokens, again) and less < saved / 2
    assert all(torch.equal(*pair) for pair in zip(gradients, others, strict=True))
