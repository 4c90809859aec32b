"""Vision transformers as streams: their stages, their maps, and every method on them."""

import pytest
import timm
import torch
from fastreid.modeling import build_model
from fastreid.modeling.backbones import build_backbone
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from fastreid_mm.common.batch_layout import move_batch
from fastreid_mm.common.errors import InputError
from fastreid_mm.engine.schedule import build_optimizer
from fastreid_mm.modeling.backbones.stages import output_shape, split
from fastreid_mm.modeling.backbones.token_stages import image_size, last_grid
from tests.modeling.test_architectures import ARCHITECTURES, batch_of
from tests.modeling.test_no_read_back import on_fake_gpu

SMALL = {"patch_size": 8, "embed_dim": 32, "depth": 4, "num_heads": 2}
HIERA = {"stages": (1, 1, 1, 1), "embed_dim": 16}
PREFIXES = {
    "test_vit": 1,
    "deit3_small_patch16_224": 1,  # has no position embedding of the class token
    "vit_small_patch14_reg4_dinov2": 5,
    "vit_base_patch16_clip_224": 1,  # normalizes before the first block
    "vit_base_patch16_siglip_224": 0,  # no class token, and attention pooling
    "eva02_tiny_patch14_224": 1,  # rotary positions besides the others
    "vit_small_patch16_dinov3": 5,  # rotary positions alone
    "vit_small_patch16_rope_mixed_224": 1,  # rotary positions of each block
}
TWO, MUN, MANY, SIZE = "SYSU/hct.yml", "SYSU/mun.yml", "RGBNT201/ieee.yml", (32, 16)


def create(name, **options):
    torch.manual_seed(0)
    return make_model(
        name, **{"num_classes": 0, "img_size": SIZE, "dynamic_img_size": False, **SMALL, **options}
    ).eval()


make_model = timm.create_model


@pytest.fixture
def small(monkeypatch):
    def make(name, **options):
        return make_model(name, **{**(SMALL if name in PREFIXES else HIERA), **options})

    monkeypatch.setattr(timm, "create_model", make)


@pytest.fixture
def config(tiny_cfg, small):
    def make(name, *options, base=TWO):
        keys = ("RESNET.NAME", name, "RESNET.STEM_RELU", True, "DROP_PATH_RATIO", 0.0)
        network = [f"MODEL.BACKBONE.{key}" if index % 2 == 0 else key for index, key in enumerate(keys)]
        ratios = ("MODEL.MUN.RATIOS", (2,)) if base == MUN else ()
        return tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, *network, *ratios, *options, base=base)

    return make


@pytest.fixture
def weights(tmp_path):
    """Options for the weights of a network of some size."""

    def save(name, **options):
        torch.save(create(name, num_classes=7, **options).state_dict(), tmp_path / "vit.pth")
        return "MODEL.BACKBONE.PRETRAIN", True, "MODEL.BACKBONE.PRETRAIN_PATH", tmp_path / "vit.pth"

    return save


@pytest.mark.parametrize("name", PREFIXES)
def test_one_after_the_other_the_stages_make_timms_maps(name):
    network, images = create(name), torch.randn(2, 3, *SIZE)
    expected = network.forward_intermediates(images, indices=1, norm=True, intermediates_only=True)[0]
    stages = split(network)
    assert list(stages) == ["stem", "stage1", "stage2", "stage3", "stage4"]
    maps = nn.Sequential(stages)(images)
    torch.testing.assert_close(maps, expected)
    torch.testing.assert_close(last_grid(network).maps(network.forward_features(images)), expected)
    assert output_shape(nn.Sequential(stages), SIZE) == maps.shape[1:] == (32, 4, 2)
    assert output_shape(stages["stem"], SIZE) == stages["stem"](images).shape[1:] == (PREFIXES[name] + 8, 32)
    assert image_size(network) == SIZE


@pytest.mark.parametrize("depth, sizes", [(12, [3, 3, 3, 3]), (6, [2, 1, 1, 2]), (3, [1, 1, 1]), (1, [1])])
def test_stages_are_groups_of_blocks_of_one_size(depth, sizes):
    stages = [stage for name, stage in split(create("test_vit", depth=depth)).items() if name != "stem"]
    assert [len(stage) if stage is not stages[-1] else len(stage.blocks) for stage in stages] == sizes


@pytest.mark.parametrize("name", PREFIXES)
def test_streams_start_from_a_file_and_train(config, weights, name):
    cfg = config(name, *weights(name), "MODEL.BACKBONE.RESNET.SPECIFIC_STAGES", 3)
    backbone, network, images = build_backbone(cfg).eval(), create(name, num_classes=7), torch.randn(3, 3, *SIZE)
    expected = last_grid(network).maps(network.forward_features(images))
    modalities = torch.tensor([1, 0, 1])
    torch.testing.assert_close(backbone(images, modalities), expected, atol=1e-5, rtol=1e-5)
    with torch.no_grad():
        for value in backbone.streams[1].parameters():
            value.add_(0.1 * torch.randn_like(value))
    found = backbone(images, modalities)
    torch.testing.assert_close(found[1], expected[1], atol=1e-5, rtol=1e-5)
    assert not torch.allclose(found[0], expected[0], atol=1e-2)
    backbone.train()(images, modalities).square().sum().backward()
    assert all(value.grad is not None and value.grad.isfinite().all() for value in backbone.parameters())
    assert set(backbone.pretrained_parameters()) == set(backbone.parameters())
    aligned = build_backbone(config(name, *weights(name), base=MANY)).eval()
    maps = aligned(images[:, None].expand(-1, 3, -1, -1, -1))
    torch.testing.assert_close(maps[:, 2], expected, atol=1e-5, rtol=1e-5)
    maps.square().sum().backward()
    assert all(value.grad is not None and value.grad.isfinite().all() for value in aligned.parameters())


@pytest.mark.parametrize("base", [base for name, base in ARCHITECTURES.items() if name != "CMTR"])
def test_every_method_takes_steps_with_registers(config, base):
    torch.manual_seed(0)
    cfg = config("vit_small_patch14_reg4_dinov2", base=base)
    model = build_model(cfg).train()
    optimizer, batch = build_optimizer(cfg, model), batch_of(cfg)
    for _ in range(2):  # some parameters wait for others that begin at zero
        optimizer.zero_grad()
        losses = model(batch)
        assert all(loss.isfinite() for loss in losses.values())
        sum(losses.values()).backward()
        optimizer.step()
    trained = [value for value in model.parameters() if value.requires_grad]
    assert all(value.grad is not None and value.grad.isfinite().all() for value in trained)
    with torch.no_grad():
        features = model.eval()(batch)
    assert features.isfinite().all() and len(features) == len(batch["targets"])
    again = build_model(cfg).eval()
    again.load_state_dict(model.state_dict())
    with torch.no_grad():
        assert torch.equal(again(batch), features)


@pytest.mark.parametrize("base", [MUN, "RGBN300/hamnet.yml"])
@pytest.mark.parametrize("training", [True, False])
def test_nothing_is_read_back(config, base, training):
    cfg = config("vit_small_patch16_dinov3", base=base)
    model, batch = build_model(cfg).train(training), move_batch(batch_of(cfg), "cpu")
    with FakeTensorMode() as mode:
        found = model(on_fake_gpu(mode, model, batch))
    for value in found.values() if training else [found]:
        assert value.device.type == "cuda" and value.ndim == (0 if training else 2)


def test_muns_generator_makes_the_patches_and_the_mean_of_a_pairs_other_tokens(config):
    model = build_model(config("vit_small_patch14_reg4_dinov2", base=MUN))
    visible, infrared = torch.randn(2, 4, 13, 32)
    made = model.auxiliary.eval()(visible, infrared)
    assert made.shape == (4, 13, 32)
    torch.testing.assert_close(made[:, :5], (visible + infrared)[:, :5] / 2)
    grid = last_grid(model.backbone.streams[0].stem.network)
    assert grid == (5, 4, 2)
    patches = super(type(model.auxiliary), model.auxiliary).forward(*map(grid.maps, (visible, infrared)))
    torch.testing.assert_close(grid.maps(made), patches)


def test_muns_generator_has_no_place_among_tokens_in_another_order(config):
    options = ("INPUT.SIZE_TRAIN", [64, 32], "INPUT.SIZE_TEST", [64, 32], "MODEL.BACKBONE.LAST_STRIDE", 2)
    with pytest.raises(InputError, match="AUXILIARY generator: .*hiera_tiny_224.* not in rows and columns"):
        build_model(config("hiera_tiny_224", *options, base=MUN))


def test_positions_are_resized_to_the_grid_and_pixels_beyond_the_patches_left_out(config, weights):
    size = ("INPUT.SIZE_TRAIN", [37, 21], "INPUT.SIZE_TEST", [37, 21])
    cfg = config("test_vit", *weights("test_vit", img_size=24), *size)
    state = torch.load(cfg.MODEL.BACKBONE.PRETRAIN_PATH)
    state["pos_embed"] = torch.cat([torch.full((1,), 9.0), torch.arange(3.0).repeat_interleave(3)])[
        None, :, None
    ] + torch.zeros(32)
    torch.save(state, cfg.MODEL.BACKBONE.PRETRAIN_PATH)
    backbone = build_backbone(cfg).eval()
    found = backbone.streams[1].stem.network.pos_embed[0, :, 0].detach()
    expected = nn.functional.interpolate(torch.arange(3.0)[None, None], 4, mode="linear")[0, 0].repeat_interleave(2)
    torch.testing.assert_close(found, torch.cat([torch.full((1,), 9.0), expected]))
    images = torch.randn(1, 3, 37, 21)
    maps, inside = backbone(images, torch.tensor([0])), torch.zeros_like(images)
    inside[..., :32, :16] = images[..., :32, :16]
    assert maps.shape[2:] == backbone.map_size((37, 21)) == (4, 2)
    assert torch.equal(maps, backbone(inside, torch.tensor([0])))


@pytest.mark.parametrize(
    "options, message",
    [
        (("INPUT.SIZE_TEST", [64, 32]), r"one image size: INPUT.SIZE_TRAIN \[32, 16\], INPUT.SIZE_TEST \[64, 32\]"),
        (("INPUT.SIZE_TRAIN", [7, 7], "INPUT.SIZE_TEST", [7, 7]), "test_vit cannot take images of 7 x 7: "),
        (("MODEL.BACKBONE.RESNET.SPECIFIC_STAGES", 6), "SPECIFIC_STAGES: specific_stages 6 is not one of 1 .. 5"),
        (("MODEL.BACKBONE.RESNET.STEM_RELU", False), "STEM_RELU False: test_vit is not a ResNet"),
    ],
)
def test_what_is_impossible_is_named(config, options, message):
    with pytest.raises(InputError, match=message) as error:
        build_backbone(config("test_vit", *options))
    assert "\n" not in str(error.value)


def test_a_size_that_hiera_cannot_have_is_named(config):
    with pytest.raises(InputError, match="hiera_tiny_224 cannot take images of 32 x 16: .* 32 divides"):
        build_backbone(config("hiera_tiny_224"))


def test_adapters_are_all_that_trains(config):
    model = build_backbone(config("vit_small_patch16_dinov3", "MODEL.BACKBONE.ADAPTER_RANK", 2))
    trained = [name for name, value in model.named_parameters() if value.requires_grad]
    assert {name.split(".")[0] for name in trained} == {"streams", "rest"}
    assert all(".attn." in name and name.endswith((".up", ".down")) for name in trained)
    model(torch.randn(2, 3, *SIZE), torch.tensor([0, 1])).square().sum().backward()
    assert all(value.grad is not None for value in model.parameters() if value.requires_grad)
