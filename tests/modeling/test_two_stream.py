import pytest
import timm
import torch
from fastreid.modeling.backbones import build_backbone

from fastreid_mm.common.errors import InputError
from fastreid_mm.modeling.backbones import TwoStreamResNet

STAGES = ["stem", "layer1", "layer2", "layer3", "layer4"]


@pytest.fixture
def build(tiny_cfg):
    def make(*options, base="SYSU/hct.yml"):
        torch.manual_seed(0)
        return build_backbone(tiny_cfg(*options, base=base))

    return make


def example():
    torch.manual_seed(1)
    return torch.randn(6, 3, 64, 32), torch.tensor([1, 0, 0, 1, 0, 1])


def tell_apart(backbone):
    """Let the infrared stream differ from the visible one, which it starts as a copy of."""
    with torch.no_grad():
        for value in backbone.streams[1].parameters():
            value.add_(0.1 * torch.randn_like(value))
    return backbone


@pytest.mark.parametrize("specific", range(1, 6))
def test_so_many_stages_are_specific(build, specific):
    backbone = build("MODEL.BACKBONE.RESNET.SPECIFIC_STAGES", specific).eval()
    assert [[name for name, _ in stream.named_children()] for stream in backbone.streams] == [STAGES[:specific]] * 2
    assert [name for name, _ in backbone.rest.named_children()] == STAGES[specific:]
    images, modalities = example()
    maps = backbone.specific(images, modalities)
    assert maps.shape[1] == backbone.specific_dim
    assert backbone.shared(maps).shape == (6, backbone.dim, 4, 2)
    torch.testing.assert_close(backbone.shared(maps), backbone(images, modalities))


def test_with_equal_streams_it_is_timms_network(build):
    """Without dilation, which timm's own output_stride would bring in."""
    backbone = build("MODEL.BACKBONE.RESNET.NAME", "resnet18", "MODEL.BACKBONE.LAST_STRIDE", 2).eval()
    torch.manual_seed(0)
    resnet = timm.create_model("resnet18", num_classes=0, zero_init_last=False).eval()
    images, modalities = example()
    torch.testing.assert_close(backbone(images, modalities), resnet.forward_features(images))
    wider = build("MODEL.BACKBONE.RESNET.NAME", "resnet18").eval()
    for block in resnet.layer4:
        for convolution in (block.conv1, block.conv2, *(block.downsample or ())):
            convolution.stride = (1, 1)
    torch.testing.assert_close(wider(images, modalities), resnet.forward_features(images))
    assert wider(images, modalities).shape == (6, 512, 4, 2)


def test_each_image_goes_through_its_own_stream_and_keeps_its_place(build):
    backbone = tell_apart(build()).eval()
    images, modalities = example()
    maps = backbone.specific(images, modalities)
    for row, modality in enumerate(modalities):
        torch.testing.assert_close(
            maps[row : row + 1], backbone.streams[modality](images[row : row + 1]), atol=1e-5, rtol=1e-4
        )
    swapped = backbone.specific(images, 1 - modalities)
    assert not torch.allclose(maps, swapped, atol=1e-2)


@pytest.mark.parametrize("modality", [0, 1])
def test_a_batch_of_one_modality(build, modality):
    backbone = tell_apart(build()).eval()
    images, _ = example()
    maps = backbone.specific(images, torch.full((6,), modality))
    torch.testing.assert_close(maps, backbone.streams[modality](images))


def test_a_third_modality_is_refused(build):
    images, modalities = example()
    with pytest.raises(ValueError, match="only 3"):
        build()(images, modalities * 2)


def test_batch_norm_sees_one_modality_in_the_streams_and_both_after(build):
    backbone = build().train()
    seen = {}
    for name, module in {
        "0": backbone.streams[0].stem,
        "1": backbone.streams[1].stem,
        "shared": backbone.rest.layer2[0].bn1,
    }.items():
        module.register_forward_hook(lambda _, inputs, __, name=name: seen.setdefault(name, []).append(len(inputs[0])))
    images, modalities = torch.randn(6, 3, 64, 32), torch.tensor([1, 0, 0, 1, 1, 1])
    backbone(images, modalities)
    assert seen == {"0": [2], "1": [4], "shared": [6]}
    statistics = [stream.stem.bn1.running_mean for stream in backbone.streams]
    assert not torch.allclose(*statistics)


def test_both_streams_start_alike_and_learn_apart(build):
    backbone = build().train()
    visible, infrared = (dict(stream.named_parameters()) for stream in backbone.streams)
    for name, value in visible.items():
        assert torch.equal(value, infrared[name]) and value is not infrared[name]
    images, modalities = example()
    backbone(images[modalities == 0], modalities[modalities == 0]).sum().backward()
    assert all(value.grad is None for value in infrared.values())
    assert all(value.grad is not None for value in visible.values())


@pytest.fixture
def pretrained_file(tmp_path):
    """ImageNet weights as torchvision's older files have them: a classifier, and no counters in BatchNorm."""
    torch.manual_seed(1)
    state = timm.create_model("test_resnet", num_classes=7).state_dict()
    state = {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}
    torch.save(state, tmp_path / "resnet.pth")
    return tmp_path / "resnet.pth", state


def test_pretrained_tensors_come_from_the_file(build, pretrained_file):
    path, state = pretrained_file
    backbone = build("MODEL.BACKBONE.PRETRAIN", True, "MODEL.BACKBONE.PRETRAIN_PATH", path)
    named = dict(backbone.named_parameters())
    expected = {name for name in state if not name.startswith("fc") and "running" not in name}
    for stream in range(2):
        for name in ("conv1.0.weight", "bn1.bias"):
            assert torch.equal(named[f"streams.{stream}.stem.{name}"], state[name])
        assert torch.equal(named[f"streams.{stream}.layer1.0.conv1.weight"], state["layer1.0.conv1.weight"])
    assert torch.equal(named["rest.layer4.0.conv2.weight"], state["layer4.0.conv2.weight"])
    twice = {name for name in expected if not name.startswith(("layer2", "layer3", "layer4"))}
    assert len(named) == len(expected) + len(twice)
    assert set(backbone.pretrained_parameters()) == set(backbone.parameters())
    assert not list(build().pretrained_parameters())


def test_weights_that_do_not_fit_are_named(build, pretrained_file):
    path, state = pretrained_file
    del state["layer3.0.conv1.weight"]
    torch.save(state, path)
    with pytest.raises(InputError, match=r"resnet.pth .*layer3.0.conv1.weight"):
        build("MODEL.BACKBONE.PRETRAIN", True, "MODEL.BACKBONE.PRETRAIN_PATH", path)


@pytest.mark.parametrize(
    "key, value",
    [
        ("RESNET.SPECIFIC_STAGES", 0),
        ("RESNET.SPECIFIC_STAGES", 6),
        ("RESNET.NAME", "resnet1"),
        ("RESNET.NAME", "test_vit_relpos"),
    ],
)
def test_impossible_options_are_named(build, key, value):
    with pytest.raises(InputError, match=f"MODEL.BACKBONE.{key}.*{value}"):
        build(f"MODEL.BACKBONE.{key}", value)


@pytest.mark.parametrize("size, specific, shared", [((384, 144), (96, 36), (24, 9)), ((288, 144), (72, 36), (18, 9))])
def test_the_papers_network_and_its_maps(tiny_cfg, size, specific, shared):
    backbone = build_backbone(tiny_cfg("MODEL.BACKBONE.RESNET.NAME", "resnet50.tv_in1k", base="SYSU/cmt.yml")).eval()
    assert isinstance(backbone, TwoStreamResNet) and (backbone.dim, backbone.specific_dim) == (2048, 256)
    with torch.no_grad():
        maps = backbone.specific(torch.randn(1, 3, *size), torch.tensor([1]))
        assert maps.shape == (1, 256, *specific)
        assert backbone.shared(maps).shape == (1, 2048, *shared)
    # ResNet-50 without classifier (23.5 M), its stem and first stage twice
    assert sum(value.numel() for value in backbone.parameters()) == 23_508_032 + 64 * 3 * 49 + 128 + 215_808
