import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmseg.registry import MODELS

from mmseg_mm.errors import InputError
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
    return {"type": "FCNHead", "in_channels": channels, "in_index": in_index, "channels": 8, "num_classes": 2,
            "out_channels": 1, "threshold": 0.5, "loss_decode": {"type": "CrossEntropyLoss", "use_sigmoid": True}}


@pytest.mark.parametrize("heads, names", [(fcn(2), ["aux"]), ([fcn(2), fcn(7, 128)], ["aux_0", "aux_1"])],
                         ids=["image", "image and depth"])
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
    second[:, blind_to:blind_to + 3] += 1
    with torch.no_grad():
        assert torch.equal(model(first), model(second))
        assert not torch.equal(model(first), model(first + 1))


def test_depth_may_come_in_one_channel():
    model, first = build_model().eval(), images()
    with torch.no_grad():
        repeated = torch.cat([first[:, :3], first[:, 3:4].expand(-1, 3, -1, -1)], dim=1)
        assert torch.equal(model(first[:, :4]), model(repeated))


def test_what_cannot_be_used_is_named():
    with pytest.raises(InputError, match="modalities .*'sound'.* are not two of image, depth"):
        build_model(**{"model.modalities": ("image", "sound")})
    with pytest.raises(InputError, match="4 or 6 channels, not 3"):
        build_model()(images()[:, :3])


def test_whole_inference_gives_probabilities_at_the_original_size():
    model = build_model().eval()
    with torch.no_grad():
        result = model.predict(images(), samples(squares(), ori_shape=(50, 70)))
        expected = F.interpolate(model(images()), size=(50, 70), mode="bilinear", align_corners=False).sigmoid()
    for found, wanted in zip(result, expected):
        assert torch.allclose(found.seg_logits.data, wanted, atol=1e-6)
        assert torch.equal(found.pred_sem_seg.data, (wanted > 0.5).float())


def test_padding_is_cut_off_before_a_map_is_enlarged():
    model, padded = build_model().eval(), samples(squares(), ori_shape=(48, 60), img_padding_size=(0, 16, 0, 0))
    with torch.no_grad():
        result = model.predict(images(), padded)
        logits = F.interpolate(model(images()), size=(64, 64), mode="bilinear", align_corners=False)[..., :48]
        expected = F.interpolate(logits, size=(48, 60), mode="bilinear", align_corners=False).sigmoid()
    assert torch.allclose(torch.stack([found.seg_logits.data for found in result]), expected, atol=1e-6)


def test_inference_without_data_samples_is_at_the_size_that_went_in():
    model = build_model().eval()
    with torch.no_grad():
        found, expected = model.predict(images()), model.predict(images(), samples(squares()))
    assert all(torch.equal(one.seg_logits.data, other.seg_logits.data) for one, other in zip(found, expected))
    assert found[0].seg_logits.data.shape == (1, 64, 64)


@pytest.mark.parametrize("run", ["weights", "autocast"])
def test_bfloat16_predicts_nearly_the_same(run):
    model = build_model().eval()
    with torch.no_grad():
        exact = torch.stack([one.seg_logits.data for one in model.predict(images(), samples(squares()))])
        with torch.autocast("cpu", torch.bfloat16, enabled=run == "autocast"):
            model = model.bfloat16() if run == "weights" else model
            found = torch.stack([one.seg_logits.data for one in model.predict(images(), samples(squares()))])
    assert found.dtype == torch.float32 and torch.allclose(found, exact, atol=0.03) and not torch.equal(found, exact)


def test_slide_inference_averages_logits_and_takes_the_sigmoid_once():
    model = build_model(**{"model.test_cfg": {"mode": "slide", "crop_size": (64, 64), "stride": (32, 64)}}).eval()
    tall = images(1, 96, 64)
    with torch.no_grad():
        found = model.predict(tall, samples(torch.zeros(1, 1, 96, 64)))[0].seg_logits.data
        top, bottom = (F.interpolate(model(tall[:, :, start:start + 64]), size=(64, 64), mode="bilinear",
                                     align_corners=False)[0] for start in (0, 32))
    logits = torch.cat([top[:, :32], (top[:, 32:] + bottom[:, :32]) / 2, bottom[:, 32:]], dim=1)
    assert torch.allclose(found, logits.sigmoid(), atol=1e-6)


def tta(kind):
    made = MODELS.build({"type": kind, "module": build_model()}).eval()
    image = torch.rand(4, 64, 64) * 255
    meta = {"img_path": "a.jpg"}
    views = {"inputs": [[image], [image.flip(2)]],
             "data_samples": [samples(squares(1), **meta),
                              samples(squares(1), flip=True, flip_direction="horizontal", **meta)]}
    with torch.no_grad():
        plain, flipped = (made.module.test_step({"inputs": [x], "data_samples": samples(squares(1), **meta)})[0]
                          .seg_logits.data for x in (image, image.flip(2)))
        return made.test_step(views)[0], (plain + flipped.flip(2)) / 2


def test_flip_tta_averages_probabilities():
    found, expected = tta("SaliencyTTAModel")
    assert torch.allclose(found.seg_logits.data, expected, atol=1e-6)
    assert torch.equal(found.pred_sem_seg.data, (expected > 0.5).float())
    assert found.img_path == "a.jpg" and "gt_sem_seg" in found


def test_the_hosts_own_tta_still_needs_replacing():
    found, expected = tta("SegTTAModel")
    assert not torch.allclose(found.seg_logits.data, expected, atol=1e-6)
