"""Networks with stages in the place of CMTR's vision transformer."""

import pytest
import timm
import torch
from fastreid.modeling import build_model
from fastreid.modeling.backbones import build_backbone
from torch._subclasses.fake_tensor import FakeTensorMode

from fastreid_mm.common.batch_layout import move_batch
from fastreid_mm.common.errors import InputError
from fastreid_mm.engine.schedule import build_optimizer
from fastreid_mm.modeling.backbones.hierarchical import SIZES
from fastreid_mm.visualization.grad_cam import similarity_heat
from tests.modeling.test_architectures import vi_batch
from tests.modeling.test_no_read_back import on_fake_gpu
from tests.modeling.test_stages import HIERARCHICAL

FAMILIES = {**HIERARCHICAL, "test_convnext": {}, "resnet10t": {}}
WIDTHS = {"swin_tiny_patch4_window7_224": (16, 128), "hiera_tiny_224": (16, 128), "test_convnext": (24, 64)}
SWIN, SIZE = "swin_tiny_patch4_window7_224", (64, 32)


@pytest.fixture
def config(tiny_cfg, monkeypatch):
    make_model = timm.create_model
    monkeypatch.setattr(
        timm, "create_model", lambda name, **options: make_model(name, **{**options, **FAMILIES.get(name, {})})
    )

    def make(name, *options):
        torch.manual_seed(0)
        own = [word for key in SIZES for word in (f"MODEL.BACKBONE.VIT.{key}", 0)]
        size = ("INPUT.SIZE_TRAIN", list(SIZE), "INPUT.SIZE_TEST", list(SIZE), "MODEL.HEADS.NUM_CLASSES", 4)
        return tiny_cfg(*own, *size, "MODEL.BACKBONE.VIT.NAME", name, *options)

    return make


@pytest.mark.parametrize("name", FAMILIES)
def test_the_feature_is_the_mean_of_timms_last_maps(config, name, tmp_path):
    network = timm.create_model(name, num_classes=7).eval()
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    options = ("MODEL.BACKBONE.PRETRAIN", True, "MODEL.BACKBONE.PRETRAIN_PATH", tmp_path / "weights.pth")
    backbone, images = build_backbone(config(name, *options)).eval(), torch.randn(2, 3, *SIZE)
    maps = network.forward_intermediates(images, indices=1, intermediates_only=True)[0]
    if name.startswith("swin"):
        maps = network.norm(maps.movedim(1, -1)).movedim(-1, 1)
    tokens = backbone.tokens(images)
    assert tokens.shape[2] == backbone.token_dim and backbone.prefix_tokens == 0
    assert (backbone.token_dim, backbone.dim) == WIDTHS.get(name, (backbone.token_dim, maps.shape[1]))
    encoded = backbone.encode(tokens)
    torch.testing.assert_close(encoded.transpose(1, 2), maps.flatten(2), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(backbone.feature(encoded), maps.mean((2, 3)), atol=1e-5, rtol=1e-5)
    assert set(backbone.pretrained_parameters()) == set(backbone.parameters())


@pytest.mark.parametrize("name", FAMILIES)
def test_cmtr_takes_a_step_and_its_embeddings_tell_modalities_apart(config, name):
    cfg, batch = config(name), vi_batch(SIZE)
    model = build_model(cfg).train()
    optimizer = build_optimizer(cfg, model)
    losses = model(batch)
    assert len(losses) == 4 and all(loss.isfinite() for loss in losses.values())
    sum(losses.values()).backward()
    trained = [value for value in model.parameters() if value.requires_grad]
    assert all(value.grad is not None and value.grad.isfinite().all() for value in trained)
    assert model.embedding.weight.grad.abs().sum() > 0
    assert model.embedding.weight.shape == (2, model.backbone.token_dim)
    optimizer.step()
    with torch.no_grad():
        features = model.eval()(batch)
        assert features.shape == (16, model.feature_size) and model.feature_size == model.backbone.dim
        assert not torch.allclose(model({**batch, "modalities": 1 - batch["modalities"]}), features)
        again = build_model(cfg).eval()
        again.load_state_dict(model.state_dict())
        assert torch.equal(again(batch), features)


@pytest.mark.parametrize("training", [True, False])
def test_nothing_is_read_back(config, training):
    model, batch = build_model(config("swinv2_tiny_window8_256")).train(training), move_batch(vi_batch(SIZE), "cpu")
    with FakeTensorMode() as mode:
        found = model(on_fake_gpu(mode, model, batch))
    for value in found.values() if training else [found]:
        assert value.device.type == "cuda"


@pytest.mark.parametrize("name", [SWIN, "hiera_tiny_224"])
def test_gradient_checkpointing_changes_no_gradient(config, name):
    found = []
    for flag in (False, True):
        backbone = build_backbone(config(name, "MODEL.BACKBONE.VIT.GRAD_CHECKPOINTING", flag)).train()
        torch.manual_seed(1)
        backbone.encode(backbone.tokens(torch.randn(2, 3, *SIZE))).square().sum().backward()
        found.append([value.grad for value in backbone.parameters()])
    assert all(torch.equal(*pair) for pair in zip(*found, strict=True))


def test_adapters_are_all_of_the_backbone_that_trains(config):
    model = build_model(config(SWIN, "MODEL.BACKBONE.ADAPTER_RANK", 2))
    trained = [name for name, value in model.backbone.named_parameters() if value.requires_grad]
    assert trained and all(".attn." in name and name.endswith((".up", ".down")) for name in trained)
    sum(model(vi_batch(SIZE)).values()).backward()
    assert all(value.grad is not None for value in model.backbone.parameters() if value.requires_grad)


def test_its_attention_is_drawn_by_grad_cam(config):
    model = build_model(config(SWIN)).eval()
    visible, infrared = ({"images": 255 * torch.rand(1, 3, *SIZE), "modalities": torch.tensor([one])} for one in (0, 1))
    assert similarity_heat(model, visible, infrared).shape == (1, *SIZE)
    with pytest.raises(InputError, match="attention: a network with stages"):
        model.attention_maps(visible["images"], visible["modalities"])


@pytest.mark.parametrize(
    "name, options, message",
    [
        (SWIN, ("MODEL.BACKBONE.VIT.DEPTH", 2), f"MODEL.BACKBONE.VIT.DEPTH 2: {SWIN} has"),
        (SWIN, ("MODEL.CMTR.MAPPING", "identity"), "MODEL.CMTR.MAPPING: .* embeddings of 16 channels, features of 128"),
        (SWIN, ("INPUT.SIZE_TEST", [32, 32]), r"one image size: INPUT.SIZE_TRAIN \[64, 32\]"),
        ("test_convnext", ("MODEL.BACKBONE.ADAPTER_RANK", 2), "ADAPTER_RANK 2: adapters are of attention"),
        ("test_convnext", ("MODEL.BACKBONE.ATT_DROP_RATE", 0.1), "test_convnext does not take .*attn_drop_rate"),
        (
            "resnet10t",
            ("MODEL.BACKBONE.VIT.GRAD_CHECKPOINTING", True),
            "the BatchNorm of resnet10t",
        ),
    ],
)
def test_what_is_impossible_is_named(config, name, options, message):
    with pytest.raises(InputError, match=message) as error:
        build_model(config(name, *options))
    assert "\n" not in str(error.value)
