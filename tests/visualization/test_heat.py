"""What networks look at: Grad-CAM and attention of every method."""

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from fastreid.modeling import build_model
from torch import nn

import fastreid_mm.methods  # noqa: F401
from fastreid_mm.common.errors import InputError
from fastreid_mm.visualization.class_attention import attention_heat
from fastreid_mm.visualization.grad_cam import _compared, similarity_heat


def test_of_query_adaptive_features_the_parts_are_compared_whoever_made_them():
    class Theirs(nn.Module):
        query_adaptive_parts = 2

    features = torch.arange(24.0).view(2, 12)  # two parts of 3 channels, scale and shift
    assert torch.equal(_compared(Theirs(), features), features[:, :6])
    assert torch.equal(_compared(nn.Identity(), features), features)


@pytest.fixture
def model_of(tiny_cfg):
    def build(base, *options):
        torch.manual_seed(0)
        size = "[64, 32]"  # of which the last maps are 4 x 2
        sizes = ("INPUT.SIZE_TRAIN", size, "INPUT.SIZE_TEST", size)
        model = build_model(tiny_cfg("MODEL.HEADS.NUM_CLASSES", 6, *sizes, *options, base=base)).eval()
        for name, value in model.named_buffers():  # as if there had been batches
            if name.endswith("running_mean"):
                value.uniform_(-0.1, 0.1)
        return model

    return build


def batch(modality, seed=0):
    images = torch.randint(0, 256, (1, 3, 64, 32), generator=torch.Generator().manual_seed(seed)).float()
    return {"images": images, "modalities": torch.tensor([modality])}


def aligned(modalities, seed=0, missing=()):
    images = torch.randint(0, 256, (1, modalities, 3, 64, 32), generator=torch.Generator().manual_seed(seed)).float()
    mask = torch.tensor([[index not in missing for index in range(modalities)]])
    return {"images": images, "modality_mask": mask}


@pytest.mark.parametrize("method", ["agw", "hct", "cmt", "mun"])
def test_of_visible_and_infrared_images(model_of, method):
    model = model_of(f"SYSU/{method}.yml")
    heat = similarity_heat(model, batch(1), batch(0, seed=1))
    assert heat.shape == (1, 64, 32) and heat.min() == 0 and heat.max() == pytest.approx(1, abs=0.01)
    other = similarity_heat(model, batch(1), batch(0, seed=2))
    assert not np.allclose(heat, other)  # it is of a pair


@pytest.mark.parametrize(
    ("base", "modalities"), [("RGBNT201/ieee", 3), ("RGBN300/mutualformer", 2), ("RGBN300/hamnet", 2)]
)
def test_of_aligned_samples_each_modality_by_itself(model_of, base, modalities):
    model = model_of(f"{base}.yml")
    heat = similarity_heat(model, aligned(modalities), aligned(modalities, seed=1))
    assert heat.shape == (modalities, 64, 32) and heat.min() == 0
    assert heat.max() == pytest.approx(1, abs=0.01)
    assert not np.allclose(heat[0], heat[1])
    lacking = similarity_heat(model, aligned(modalities, missing=(1,)), aligned(modalities, seed=1))
    assert lacking[0].any() and not lacking[1].any()


@pytest.mark.parametrize("base", ["SYSU/agw.yml", "RGBNT201/ieee.yml"])
def test_of_the_patches_of_vision_transformers(model_of, base):
    model = model_of(base, "MODEL.BACKBONE.RESNET.NAME", "test_vit")
    pair = (batch(1), batch(0, seed=1)) if base.startswith("SYSU") else (aligned(3), aligned(3, seed=1))
    heat = similarity_heat(model, *pair)
    assert heat.shape[1:] == (64, 32) and heat.min() == 0 and heat.max() == pytest.approx(1, abs=0.01)


def test_grad_cam_by_hand(model_of):
    model, sample, other = model_of("SYSU/agw.yml"), batch(1), batch(0, seed=1)
    direction = F.normalize(model(other).detach())[0]
    images = model.normalize(sample["images"])
    maps = model.backbone(images, sample["modalities"]).detach().requires_grad_()
    (model.heads(maps)[0] @ direction).backward()
    expected = (maps.grad.mean((2, 3), keepdim=True) * maps).sum(1)[0].detach().clamp(min=0).numpy()
    expected -= expected.min()
    expected = cv2.resize(expected, (32, 64))
    expected /= expected.max()  # the brightest place between two of the map's may be darker than the brightest of them
    np.testing.assert_allclose(similarity_heat(model, sample, other)[0], expected, atol=1e-4)


def test_attention_of_the_class_token(model_of):
    model, sample = model_of("SYSU/cmtr.yml"), batch(1)
    heat = attention_heat(model, sample)
    rows, columns = model.backbone.vit.patch_embed.grid_size
    weights = model.attention_maps(sample["images"], sample["modalities"])[-1][0, :, 0, 1:].mean(0)
    brightest = divmod(int(weights.argmax()), columns)
    place = np.unravel_index(heat[0].argmax(), heat[0].shape)
    assert heat.shape == (1, 64, 32) and (heat.min(), heat.max()) == (0, 1)
    assert abs((place[0] + 0.5) * rows / 64 - brightest[0] - 0.5) <= 0.51
    assert abs((place[1] + 0.5) * columns / 32 - brightest[1] - 0.5) <= 0.51


def test_another_network_is_named():
    model = torch.nn.Flatten()
    model.forward = lambda given: given["images"].flatten(1)
    with pytest.raises(InputError, match="maps of a Flatten"):
        similarity_heat(model, batch(0), batch(1))
