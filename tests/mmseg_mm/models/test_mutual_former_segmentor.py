import pytest
import torch
from mmengine.config import Config

from fastreid_mm.common.errors import InputError
from tests.mmseg_mm.small_model import CONFIGS, build_model, samples, small_config, squares


def images(count=2, height=64, width=64):
    torch.manual_seed(0)
    return torch.randn(count, 6, height, width)


def count(module):
    return sum(weight.numel() for weight in module.parameters())


@pytest.mark.parametrize("stack, weights", [("carry_fused", 51_998_478), ("renew_fused", 52_031_502)])
def test_the_papers_model(stack, weights):
    """52.05 million printed."""
    config = Config.fromfile(CONFIGS / "mutualformer_r50_352x352.py")
    config.model.backbone.init_cfg = None
    config.model.decode_head.fusion.stack = stack
    model = build_model(config)
    assert count(model) == weights
    assert {level.detail for level in model.decode_head.levels} == {"none"}
    assert count(model.backbone) == count(model.depth_backbone) == 23_508_032  # ResNet-50 without its classifier
    assert [level.fuse.positions[0, 0].numel() for level in model.decode_head.levels] == [100, 81, 36, 1]
    with torch.no_grad():
        assert model.eval()(images(1, 352, 352), mode="tensor").shape == (1, 1, 88, 88)


def test_every_weight_gets_a_gradient():
    model = build_model()
    model.init_weights()
    sum(model.loss(images(), samples(squares())).values()).backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None and weight.grad.abs().sum() > 0, name


def fcn(in_index, channels=64):
    return {
        "type": "FCNHead",
        "in_channels": channels,
        "in_index": in_index,
        "channels": 8,
        "num_classes": 2,
        "out_channels": 1,
        "threshold": 0.5,
        "loss_decode": {"type": "CrossEntropyLoss", "use_sigmoid": True},
    }


@pytest.mark.parametrize(
    "heads, names", [(fcn(2), ["aux"]), ([fcn(2), fcn(7, 128)], ["aux_0", "aux_1"])], ids=["image", "image and depth"]
)
def test_the_hosts_heads_are_auxiliary_ones(heads, names):
    """They choose among the image's four levels and, after them, the depth's."""
    config = small_config()
    config.model.auxiliary_head = heads
    model = build_model(config)
    losses = model.loss(images(), samples(squares()))
    assert {f"{name}.loss_ce" for name in names} <= set(losses)
    losses[f"{names[-1]}.loss_ce"].backward()
    used, other = model.backbone, model.depth_backbone
    if len(names) == 2:
        used, other = other, used
    assert used.conv1.weight.grad is not None and other.conv1.weight.grad is None


def test_losses_under_autocast_are_near_those_without():
    model = build_model()
    model.init_weights()
    exact = model.loss(images(), samples(squares()))
    with torch.autocast("cpu", torch.bfloat16):
        rounded = model.loss(images(), samples(squares()))
    for name, loss in rounded.items():
        torch.testing.assert_close(loss.float(), exact[name], atol=0.1, rtol=0.1)
    sum(rounded.values()).backward()
    assert all(weight.grad.isfinite().all() for weight in model.parameters())


def test_a_single_token_teaches_neither_queries_nor_keys():
    """The softmax over one key is 1 whatever the query is, at the paper's coarsest level too."""
    model = build_model()
    sum(model.loss(images(), samples(squares())).values()).backward()
    for level, taught in zip(model.decode_head.levels, (True, True, True, False)):
        for layer in level.fuse.fusion.fuse.layers:
            for qkv in layer.interaction.qkv:
                query, key, value = (part.abs().sum() > 1e-9 for part in qkv.weight.grad.chunk(3))
                assert value and query == key == taught


@pytest.mark.parametrize("modalities, blind_to", [(("image", "image"), 3), (("depth", "depth"), 0)])
def test_a_single_modality_is_blind_to_the_other(modalities, blind_to):
    model = build_model(**{"model.modalities": modalities}).eval()
    assert count(model) == count(build_model())
    first = images()
    second = first.clone()
    second[:, blind_to : blind_to + 3] += 1
    with torch.no_grad():
        assert torch.equal(model(first), model(second))
        assert not torch.equal(model(first), model(first + 1))


def test_depth_may_come_in_one_channel():
    model, first = build_model().eval(), images()
    with torch.no_grad():
        repeated = torch.cat([first[:, :3], first[:, 3:4].expand(-1, 3, -1, -1)], dim=1)
        assert torch.equal(model(first[:, :4]), model(repeated))


def test_what_cannot_be_used_is_named():
    with pytest.raises(InputError, match="modalities .*'sound'.* are not image or one of depth and thermal"):
        build_model(**{"model.modalities": ("image", "sound")})
    with pytest.raises(InputError, match="4 or 6 channels, not 3"):
        build_model()(images()[:, :3])
