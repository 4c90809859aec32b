"""Every family of networks: its stages, their maps, and the options that act on them."""

import pytest
import timm
import torch
from fastreid.modeling.backbones import build_backbone
from torch import nn

from fastreid_mm.common.errors import InputError
from fastreid_mm.modeling.backbones.stages import LAYOUTS, output_shape, split

NAMES = [
    "test_resnet",
    "resnet10t",
    "resnetv2_18",
    "regnetx_002",
    "test_byobnet",
    "test_convnext",
    "test_nfnet",
    "test_efficientnet",
    "tf_efficientnet_lite0",
    "mobilenetv3_small_050",
]
ONE_EACH = {"depths": (1, 1, 1, 1)}
SMALL = {**ONE_EACH, "embed_dim": 16, "num_heads": (1, 1, 2, 2)}
HIERARCHICAL = {
    "poolformer_s12": {},
    "swin_tiny_patch4_window7_224": {**SMALL, "strict_img_size": False},
    "swinv2_tiny_window8_256": {**SMALL, "strict_img_size": False},
    "pvt_v2_b0": ONE_EACH,
    "davit_tiny": {**ONE_EACH, "embed_dims": (16, 32, 48, 64), "num_heads": (1, 1, 2, 2)},
    "hiera_tiny_224": {"stages": (1, 1, 1, 1), "embed_dim": 16, "img_size": (64, 32)},
}
PLAIN = {
    "test_vit": {"img_size": (32, 16)},
    "eva02_tiny_patch14_224": {"img_size": (28, 14), "embed_dim": 32, "depth": 2, "num_heads": 2},
}
TWO, MANY = "SYSU/hct.yml", "RGBNT201/ieee.yml"


@pytest.fixture
def build(tiny_cfg):
    def make(name, *options, base=TWO):
        torch.manual_seed(0)
        options = ("MODEL.BACKBONE.RESNET.NAME", name, "MODEL.BACKBONE.LAST_STRIDE", 2, *options)
        return build_backbone(tiny_cfg(*options, base=base))

    return make


def create(name):
    torch.manual_seed(0)
    return timm.create_model(name, num_classes=0, **(HIERARCHICAL | PLAIN).get(name, {})).eval()


def test_there_is_an_example_of_every_family():
    networks = [create(name) for name in [*NAMES, *HIERARCHICAL, *PLAIN]]
    assert {next(kind for kind in LAYOUTS if isinstance(network, kind)) for network in networks} == set(LAYOUTS)


@pytest.mark.parametrize("name", NAMES)
def test_one_after_the_other_the_stages_are_timms_network(name):
    network, images = create(name), torch.randn(2, 3, 64, 32)
    stages = split(network)
    maps = nn.Sequential(stages)(images)
    assert torch.equal(maps, network.forward_features(images))
    assert output_shape(nn.Sequential(stages), (64, 32)) == maps.shape[1:]


def test_lite0_counts_the_stages_of_the_paper():
    """EfficientNet's table 1: a stem, seven stages of blocks, and a head, here part of the last."""
    stages = split(create("tf_efficientnet_lite0"))
    assert list(stages) == ["stem", *(f"stage{number}" for number in range(1, 8))]
    channels = [output_shape(nn.Sequential(*list(stages.values())[: end + 1]), (64, 32)) for end in range(8)]
    assert channels == [
        (32, 32, 16),
        (16, 32, 16),
        (24, 16, 8),
        (40, 8, 4),
        (80, 4, 2),
        (112, 4, 2),
        (192, 2, 1),
        (1280, 2, 1),
    ]
    assert [name for name, _ in stages["stage7"].named_children()] == ["blocks", "conv_head", "bn2"]


@pytest.mark.parametrize("name", NAMES)
def test_every_family_trains_in_streams_that_start_alike(build, name):
    backbone = build(name, "MODEL.BACKBONE.RESNET.SPECIFIC_STAGES", 3)
    images, modalities = torch.randn(4, 3, 64, 32), torch.tensor([1, 0, 0, 1])
    specific = backbone.eval().specific(images, modalities)
    assert specific.shape[1:] == (backbone.specific_dim, *backbone.specific_size((64, 32)))
    torch.testing.assert_close(backbone.specific(images, 1 - modalities), specific, atol=1e-5, rtol=1e-4)
    maps = backbone.train()(images, modalities)
    assert maps.shape[1:] == (backbone.dim, *backbone.map_size((64, 32)))
    maps.square().sum().backward()
    assert all(value.grad is not None for value in backbone.parameters())  # none is left of a classifier


@pytest.mark.parametrize("name", HIERARCHICAL)
def test_hierarchical_networks_train_in_streams(build, name, monkeypatch, tmp_path):
    make = timm.create_model
    monkeypatch.setattr(timm, "create_model", lambda name, **options: make(name, **{**options, **HIERARCHICAL[name]}))
    expected = timm.create_model(name, num_classes=7).eval()
    torch.save(expected.state_dict(), tmp_path / "weights.pth")
    size = ("INPUT.SIZE_TRAIN", [64, 32], "INPUT.SIZE_TEST", [64, 32])
    keys = (*size, "MODEL.BACKBONE.PRETRAIN", True, "MODEL.BACKBONE.PRETRAIN_PATH", tmp_path / "weights.pth")
    backbone = build(name, *keys).eval()
    images, modalities = torch.randn(2, 3, 64, 32), torch.tensor([1, 0])
    features = expected.forward_intermediates(images, indices=1, intermediates_only=True)[0]
    if hasattr(expected, "norm"):
        features = expected.norm(features.movedim(1, -1)).movedim(-1, 1)
    torch.testing.assert_close(backbone(images, modalities), features, atol=1e-5, rtol=1e-5)
    aligned = build(name, *keys, base=MANY).eval()
    torch.testing.assert_close(
        aligned(images[:1, None].expand(-1, 3, -1, -1, -1))[0, 2], features[0], atol=1e-5, rtol=1e-5
    )
    maps = backbone.train()(images, modalities)
    assert maps.shape[1:] == (backbone.dim, *backbone.map_size((64, 32))) == (features.shape[1], 2, 1)
    assert aligned.map_size((64, 32)) == (2, 1)
    maps.square().sum().backward()
    assert all(value.grad is not None for value in backbone.parameters())


def test_adapters_are_for_networks_with_attention(build):
    rank = ("MODEL.BACKBONE.ADAPTER_RANK", 2)
    with pytest.raises(InputError, match="ADAPTER_RANK 2: adapters are of attention"):
        build("test_resnet", *rank)
    backbone = build("swin_tiny_patch4_window7_224", *rank)
    trained = [name for name, value in backbone.named_parameters() if value.requires_grad]
    assert trained and all(".attn." in name and name.endswith((".up", ".down")) for name in trained)
    backbone(torch.randn(2, 3, 64, 32), torch.tensor([0, 1])).square().sum().backward()
    with pytest.raises(InputError, match="LAST_STRIDE 1: swin_tiny"):
        build("swin_tiny_patch4_window7_224", "MODEL.BACKBONE.LAST_STRIDE", 1)


@pytest.mark.parametrize("name", NAMES)
def test_without_its_last_stride_a_network_keeps_its_weights_and_doubles_its_maps(build, name):
    usual, wide = (build(name, "MODEL.BACKBONE.LAST_STRIDE", stride) for stride in (2, 1))
    before, after = usual.state_dict(), wide.state_dict()
    assert list(before) == list(after) and all(torch.equal(value, after[name]) for name, value in before.items())
    assert wide.map_size((64, 32)) == tuple(2 * side for side in usual.map_size((64, 32))) == (4, 2)
    assert wide.eval()(torch.randn(1, 3, 64, 32), torch.tensor([0])).shape == (1, wide.dim, 4, 2)


@pytest.mark.parametrize("name, base", [*((name, TWO) for name in NAMES), ("test_convnext", MANY)])
def test_a_file_with_a_classifier_is_taken(build, name, base, tmp_path):
    torch.manual_seed(1)
    network = timm.create_model(name, num_classes=7).eval()
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    backbone = build(
        name, "MODEL.BACKBONE.PRETRAIN", True, "MODEL.BACKBONE.PRETRAIN_PATH", tmp_path / "weights.pth", base=base
    ).eval()
    images = torch.randn(1, 3, 64, 32)
    maps = backbone(images, torch.tensor([1])) if base == TWO else backbone(images[:, None].expand(-1, 3, -1, -1, -1))
    torch.testing.assert_close(maps.flatten(0, -4)[-1:], network.forward_features(images))
    assert set(backbone.pretrained_parameters()) == set(backbone.parameters())


def test_a_convnext_without_its_last_stride_has_its_old_values_at_even_places(build):
    usual, wide = (build("test_convnext", "MODEL.BACKBONE.LAST_STRIDE", stride) for stride in (2, 1))
    maps = torch.randn(2, 48, 4, 2)
    before, after = (backbone.rest.stage4.blocks.downsample(maps) for backbone in (usual, wide))
    assert after.shape == (2, 64, 4, 2)
    torch.testing.assert_close(after[..., ::2, ::2], before)


@pytest.mark.parametrize("size", [(144, 72), (33, 47)])
@pytest.mark.parametrize("name", ["test_convnext", "tf_efficientnet_lite0", "test_resnet"])
def test_sizes_that_no_stride_divides_are_told_right(build, name, size):
    backbone = build(name).eval()
    maps = backbone(torch.randn(1, 3, *size), torch.tensor([0]))
    assert backbone.map_size(size) == maps.shape[2:]


@pytest.mark.parametrize("base", [TWO, MANY])
@pytest.mark.parametrize("name", ["test_efficientnet", "test_convnext", "test_resnet"])
def test_channels_last_from_the_images_to_the_last_stage(build, name, base):
    last, plain = (build(name, "MODEL.BACKBONE.CHANNELS_LAST", flag, base=base).eval() for flag in (True, False))
    seen = []
    for module in last.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_pre_hook(lambda module, inputs: seen.extend((inputs[0], module.weight)))
    images = torch.randn(*((5, 3, 64, 64) if base == TWO else (2, 3, 3, 64, 64)))
    others = (torch.tensor([1, 0, 0, 1, 0]),) if base == TWO else (torch.tensor([[True, True, False], [True] * 3]),)
    maps = last(images, *others)
    assert len(seen) > 10 and all(value.is_contiguous(memory_format=torch.channels_last) for value in seen)
    torch.testing.assert_close(maps, plain(images, *others), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["resnetblur18", "densenet121", "test_vit_relpos", "vit_tiny_r_s16_p8_224"])
def test_networks_that_cannot_be_taken_are_named(build, name):
    with pytest.raises(InputError, match=f"MODEL.BACKBONE.*{name}") as error:
        build(name, "MODEL.BACKBONE.LAST_STRIDE", 1)
    assert "\n" not in str(error.value)


def test_only_a_resnet_has_a_stem_without_relu(build):
    with pytest.raises(InputError, match="STEM_RELU False: test_convnext is not a ResNet"):
        build("test_convnext", "MODEL.BACKBONE.RESNET.STEM_RELU", False)
