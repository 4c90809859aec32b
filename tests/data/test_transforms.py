"""Transforms of the host that torchvision no longer builds, and values that it cannot use."""

import numpy as np
import pytest
import torch
import torchvision.transforms as T
from fastreid.data.transforms import ToTensor
from fastreid.data.transforms import build_transforms as host_transforms
from PIL import Image

from fastreid_mm.common.errors import InputError
from fastreid_mm.data.transforms import Resize, ToChannels, build_transforms


@pytest.mark.parametrize(
    "options",
    [
        ("INPUT.PADDING.ENABLED", True, "INPUT.PADDING.MODE", "another"),
        ("INPUT.CJ.ENABLED", True, "INPUT.CJ.HUE", 7),
        ("INPUT.REA.ENABLED", True, "INPUT.REA.PROB", 7.0),
    ],
)
def test_values_that_torchvision_refuses_are_one_line(tiny_cfg, options):
    with pytest.raises(InputError, match="^INPUT: transforms cannot be built with this config: .*Error: .+$"):
        build_transforms(tiny_cfg(*options), is_train=True)


def test_the_affine_transform_comes_before_the_tensor_and_only_in_training(tiny_cfg):
    cfg = tiny_cfg("INPUT.AFFINE.ENABLED", True)
    steps = build_transforms(cfg, is_train=True).transforms
    kinds = [type(step).__name__ for step in steps]
    affine = steps[kinds.index("RandomAffine")]
    assert kinds.index("RandomAffine") + 1 == kinds.index("ToChannels")
    assert (affine.degrees, list(affine.scale)) == ([-10.0, 10.0], [0.9, 1.1])
    image = Image.new("RGB", (16, 32), (255, 255, 255))
    torch.manual_seed(0)
    assert build_transforms(cfg, is_train=True)(image).shape == (3, 32, 16)
    test = build_transforms(cfg, is_train=False).transforms
    assert cfg.INPUT.AFFINE.ENABLED and not any(isinstance(step, T.RandomAffine) for step in test)


@pytest.mark.parametrize("name", ["bicubic", "bilinear"])
@pytest.mark.parametrize("before", [(7, 5), (31, 64), (20, 11)])
def test_pixels_are_those_of_torchvision_s_resize(name, before):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (*before, 3), np.uint8))
    expected = T.Resize((20, 11), T.InterpolationMode(name))(image)
    found = Resize((20, 11), Image.Resampling[name.upper()])(image)
    assert np.array_equal(found, expected) and np.shape(found) == (20, 11, 3)


def test_training_tensors_are_those_of_the_host_s_transforms(tiny_cfg):
    """The same seed draws the same flips, crops and rectangles, though tensors are erased in place."""
    cfg = tiny_cfg("INPUT.REA.ENABLED", True, "INPUT.FLIP.ENABLED", True, "INPUT.PADDING.ENABLED", True)
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8))
    ways = build_transforms(cfg, is_train=True), host_transforms(cfg, is_train=True)
    ways[1].transforms[-1].scale = ways[0].transforms[-1].scale
    for seed in range(20):
        found, expected = (torch.manual_seed(seed) and way(image) for way in ways)
        assert torch.equal(found, expected)


@pytest.mark.parametrize("as_array", [False, True])
def test_images_become_the_host_s_tensors(as_array):
    noise = np.random.default_rng(0).integers(0, 256, (7, 5, 3), np.uint8)
    image = noise if as_array else Image.fromarray(noise)
    for dtype in (np.uint8, np.float32):
        found = ToChannels(dtype)(image)
        assert found.is_contiguous() and found.numpy().dtype == dtype
        assert torch.equal(found.float(), ToTensor()(image))


def test_training_images_are_float32_as_a_mean_is_no_whole_number(tiny_cfg):
    cfg = tiny_cfg("INPUT.REA.ENABLED", True, "INPUT.REA.PROB", 1.0, "INPUT.REA.VALUE", [123.675, 116.28, 103.53])
    torch.manual_seed(0)
    erased = build_transforms(cfg, is_train=True)(Image.new("RGB", (16, 32)))
    assert {round(value, 3) for value in erased[0].unique().tolist()} == {0, 123.675}
    assert build_transforms(cfg, is_train=False)(Image.new("RGB", (16, 32))).dtype == torch.uint8
