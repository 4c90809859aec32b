"""Batches give what single pairs give, with and without augmentation."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from PIL import Image

from fastreid_mm.common.errors import InputError
from mmseg_mm.fast_network import make_fast
from mmseg_mm.predictor import SaliencyPredictor

RANDOM = np.random.default_rng(0)
PAIRS = [
    (RANDOM.integers(0, 256, (*size, 3), np.uint8), RANDOM.random(size).astype(np.float32))
    for size in ((40, 50), (64, 30), (40, 50), (25, 100))
]


def close(found, expected):
    return all(one.shape == other.shape and np.allclose(one, other, atol=1e-6) for one, other in zip(found, expected))


@pytest.mark.parametrize("tta", [False, True])
def test_a_batch_of_different_sizes_is_as_one_by_one(model, tta):
    predictor = SaliencyPredictor(model, tta=tta)
    maps = predictor(PAIRS)
    assert [one.shape for one in maps] == [depth.shape for _, depth in PAIRS]
    assert close(maps, [predictor([pair])[0] for pair in PAIRS])
    assert predictor([]) == []


def test_one_pair_alone_and_generators_are_lists_and_the_rest_is_refused(model):
    predictor = SaliencyPredictor(model)
    expected = predictor(PAIRS[:1])
    assert close(predictor(PAIRS[0]), expected) and close(predictor(pair for pair in PAIRS[:1]), expected)
    image, depth = PAIRS[0]
    for given, words in (
        ("a.jpg", "not str"),
        (image, "not ndarray"),
        ({"a.jpg": "a.png"}, "not dict"),
        (["a.jpg", "b.jpg"], "number 0 is none"),
        ([(image, depth), (image,)], "number 1 is none"),
    ):
        with pytest.raises(InputError, match=f"pairs must be a list of pairs of image and depth, .*{words}"):
            predictor(given)


def test_images_that_keep_their_shape_go_through_the_network_in_groups(model, monkeypatch):
    other = deepcopy(model)
    steps = other.cfg.test_dataloader.dataset.pipeline
    next(step for step in steps if step["type"] == "Resize").update(scale=(256, 256), keep_ratio=True)
    predictor, sizes = SaliencyPredictor(other), []
    host = other.test_step
    monkeypatch.setattr(other, "test_step", lambda data: sizes.append(len(data["inputs"])) or host(data))
    maps = predictor(PAIRS)
    assert sizes == [2, 1, 1]
    assert close(maps, [predictor([pair])[0] for pair in PAIRS])


def test_tta_is_the_mean_over_both_flips(model):
    plain = SaliencyPredictor(model)
    mirrored = plain([(image[:, ::-1].copy(), depth[:, ::-1].copy()) for image, depth in PAIRS])
    expected = [(one + other[:, ::-1]) / 2 for one, other in zip(plain(PAIRS), mirrored)]
    found = SaliencyPredictor(model, tta=True)(PAIRS)
    assert all(np.allclose(one, other, atol=1e-4) for one, other in zip(found, expected))


def test_a_fast_network_is_the_same_within_rounding(model):
    other, generator = deepcopy(model).double(), torch.Generator().manual_seed(0)
    for norm in (module for module in other.modules() if isinstance(module, torch.nn.BatchNorm2d)):
        for values in (norm.weight, norm.bias, norm.running_mean, norm.running_var):  # none as it starts
            values.data = torch.rand(values.shape, generator=generator).double() + 0.5
    inputs = torch.rand(2, 6, 64, 64, generator=generator).double()
    with torch.no_grad():
        expected = other._forward(inputs)
        found = make_fast(other)._forward(inputs)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in other.modules())
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_bfloat16_is_nearly_the_same(model):
    found, exact = SaliencyPredictor(model, amp=True)(PAIRS[:1])[0], SaliencyPredictor(model)(PAIRS[:1])[0]
    assert found.dtype == np.float32 and np.allclose(found, exact, atol=0.03) and not np.array_equal(found, exact)


def test_an_array_follows_the_direction_that_is_given(model):
    inverted = [(image, 1 - depth) for image, depth in PAIRS]
    assert close(SaliencyPredictor(model, depth_direction="far_white")(inverted), SaliencyPredictor(model)(PAIRS))


def test_tta_needs_its_pipeline(model):
    other = deepcopy(model)
    other.cfg.pop("tta_pipeline")
    with pytest.raises(InputError, match="the config has no tta_pipeline"):
        SaliencyPredictor(other, tta=True)


@pytest.mark.parametrize("many", ["image", "depth"])
def test_a_small_file_of_many_pixels_is_refused_before_it_is_decoded(model, tmp_path, many):
    paths = {name: str(tmp_path / f"{name}.png") for name in ("image", "depth")}
    for name, path in paths.items():
        Image.new("1", (6000, 6000) if name == many else (40, 30)).save(path, optimize=True)
    with pytest.raises(InputError, match=f"{many}.png has 6000 x 6000 pixels, more than max_pixels 33554432 allows"):
        SaliencyPredictor(model)([(paths["image"], paths["depth"])])


def test_none_is_a_second_modality_of_one_value(model, tmp_path):
    image = PAIRS[0][0]
    Image.fromarray(image[..., ::-1]).save(tmp_path / "a.png")
    expected = SaliencyPredictor(model)([(image, np.full(image.shape[:2], 0.25, np.float32))])
    predictor = SaliencyPredictor(model, missing=0.25, depth_direction="far_white")
    assert close(predictor([(image, None)]), expected) and close(predictor((str(tmp_path / "a.png"), None)), expected)


def test_what_was_not_measured_in_an_array_is_filled(model):
    image, depth = PAIRS[0]
    holes = np.zeros(depth.shape, bool)
    holes[5:9, 5:9] = True
    found = SaliencyPredictor(model)([(image, np.where(holes, np.nan, depth).astype(np.float32))])
    assert close(found, SaliencyPredictor(model)([(image, np.where(holes, 0, depth).astype(np.float32))]))


def test_another_size_is_resized_on_request(model):
    image, depth = PAIRS[0]
    small = [(image, depth[::2, ::2].copy())]
    with pytest.raises(InputError, match="depth is 25 x 20, its image is 50 x 40; .* resizes it"):
        SaliencyPredictor(model)(small)
    assert SaliencyPredictor(model, resize=True)(small)[0].shape == depth.shape
