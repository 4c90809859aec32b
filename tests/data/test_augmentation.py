"""Augmentation of whole batches, beside torchvision's of single images."""

import numpy as np
import pytest
import torch
import torchvision.transforms as T
from PIL import Image
from torchvision.transforms import functional

from fastreid_mm.common.random_streams import uniforms
from fastreid_mm.data.augmentation import DRAWS, Augmentation, Draws, batch_augmentation
from fastreid_mm.data.build import build_train_loader
from fastreid_mm.data.transforms import build_transforms

SIZE = 32, 16
VALUE = (123.675, 116.28, 103.53)
WHOLE = Augmentation(SIZE, flipped=0.5, padding=3, erased=0.6, largest=0.4, value=VALUE)


def keys(count, batch=0):
    return [(1, 0, batch, index, 0) for index in range(count)]


def test_pixels_are_those_of_torchvision_s_functions():
    pictures = [np.random.default_rng(seed).integers(0, 256, (*SIZE, 3), np.uint8) for seed in range(40)]
    draws = WHOLE.draw(keys(40))
    images = torch.stack([torch.from_numpy(each).permute(2, 0, 1) for each in pictures]).float()
    found = WHOLE.apply(images, draws)
    for picture, row, image in zip(pictures, draws.tolist(), found):
        drawn = Draws(*row)
        padded = functional.pad(Image.fromarray(picture), 3)
        expected = functional.crop(padded, drawn.down, drawn.right, *SIZE)
        expected = functional.hflip(expected) if drawn.mirrored else expected
        tensor = functional.pil_to_tensor(expected).float()
        fill = torch.tensor(VALUE)[:, None, None]
        assert torch.equal(image, functional.erase(tensor, *row[3:], fill) if drawn.height else tensor)


def test_draws_are_distributed_as_torchvision_s():
    """Means of 20,000 draws each; the least likely of these differences is 4 standard errors."""
    count, step = 20_000, T.RandomErasing(p=1.0, scale=(0.02, 0.4), value=list(VALUE))
    torch.manual_seed(0)
    image = torch.zeros(3, *SIZE)
    rectangles = [step.get_params(image, step.scale, step.ratio, [0.0])[:4] for _ in range(count)]
    draws = WHOLE.draw(keys(count)).double()
    erased = draws[:, 5] > 0
    assert erased.double().mean() == pytest.approx(0.6, abs=0.014)
    assert draws[:, 0].mean() == pytest.approx(0.5, abs=0.015)
    for column in (1, 2):
        assert np.bincount(draws[:, column].long()) == pytest.approx(
            np.full(7, count / 7), abs=4.5 * (count / 7) ** 0.5
        )
    expected, found = torch.tensor(rectangles).double(), draws[erased, 3:]
    for power in (1, 2):
        a, b = expected**power, found**power
        error = (a.var(0) / len(a) + b.var(0) / len(b)).sqrt()
        assert ((a.mean(0) - b.mean(0)).abs() < 4 * error).all()
    assert set(found[:, 2].unique().tolist()) == set(expected[:, 2].unique().tolist())  # all heights, and no other
    assert (found[:, 0] + found[:, 2] <= SIZE[0]).all() and (found[:, 1] + found[:, 3] <= SIZE[1]).all()


def test_the_draws_of_a_sample_depend_on_its_key_alone():
    draws = WHOLE.draw(keys(6))
    assert torch.equal(WHOLE.draw(keys(6)[::-1]), draws.flip(0)) and torch.equal(WHOLE.draw(keys(2)), draws[:2])
    assert not torch.equal(WHOLE.draw(keys(6, batch=1)), draws)


def test_numbers_are_uniform_and_keys_independent():
    drawn = uniforms([(seed, 0, batch, index) for seed in range(4) for batch in range(20) for index in range(50)], 26)
    assert drawn.min() >= 0 and drawn.max() < 1 and len(np.unique(drawn)) == drawn.size
    for column in drawn.T:
        assert np.histogram(column, 10, (0, 1))[0] == pytest.approx(np.full(10, 400), abs=100)
    neighbours = np.corrcoef(np.concatenate([drawn[:-1], drawn[1:]], 1).T) - np.eye(52)
    assert abs(neighbours).max() < 5 / 4000**0.5
    assert uniforms([(2**64 + 3, 1)], 2).tolist() == uniforms([(3, 1)], 2).tolist()


@pytest.mark.parametrize("shared", [True, False])
def test_aligned_images_are_augmented_alike_or_apart_and_absent_ones_stay_zero(shared):
    augmentation = WHOLE._replace(views=3, shared=shared, erased=1.0)
    draws = augmentation.draw(keys(30))
    assert draws.shape == (30, 3, 7) and (draws == draws[:, :1]).all() == shared
    present = torch.ones(30, 3, dtype=torch.bool)
    present[::2, 1] = False
    images = torch.rand(30, 3, 3, *SIZE) * present[..., None, None, None]
    found = augmentation.apply(images, draws, present)
    assert not found[~present].any() and all(image.any() for image in found[present])
    single = WHOLE.apply(images.flatten(0, 1), (draws * present[..., None]).flatten(0, 1))
    assert torch.equal(found.flatten(0, 1), single)


def test_without_draws_nothing_changes():
    augmentation = Augmentation(SIZE)
    images = torch.rand(5, 3, *SIZE)
    assert torch.equal(augmentation.apply(images, augmentation.draw(keys(5))), images)
    flat = Augmentation((1, 9), erased=1.0)  # no rectangle is lower than one row
    assert not flat.draw(keys(50))[:, 5].any()


@pytest.mark.usefixtures("sysu_datasets")
@pytest.mark.parametrize("workers", [0, 2])
def test_batches_are_made_of_bytes_and_augmented_by_the_loader(tiny_cfg, workers):
    cfg = tiny_cfg("INPUT.REA.ENABLED", True, "INPUT.PADDING.ENABLED", True, "DATALOADER.NUM_WORKERS", workers)
    loader = build_train_loader(cfg)
    assert loader.dataset[0]["images"].dtype == torch.uint8
    (batch,) = (each for number, each in enumerate(loader) if number == 1)
    plain = {path: loader.dataset[place]["images"] for place, (path, *_) in enumerate(loader.dataset.img_items)}
    clean = torch.stack([plain[path] for path in batch["img_paths"]]).float()
    assert DRAWS not in batch and batch["images"].dtype == torch.float32
    (augmented,) = (each for number, each in enumerate(loader._loader) if number == 1)
    augmentation = batch_augmentation(cfg, 0)
    assert augmentation.padding == cfg.INPUT.PADDING.SIZE and augmentation.erased == cfg.INPUT.REA.PROB
    assert torch.equal(batch["images"], augmentation.apply(clean, augmented[DRAWS]))


@pytest.mark.usefixtures("sysu_datasets")
@pytest.mark.parametrize("option", ["AUTOAUG", "CROP", "CJ", "AFFINE", "AUGMIX", "RPT", "CHANNEL_AUGMENTATION", "mode"])
def test_other_augmentation_is_left_to_the_host_s_transforms(tiny_cfg, option):
    mode = ("INPUT.PADDING.ENABLED", True, "INPUT.PADDING.MODE", "reflect")
    cfg = tiny_cfg(*(mode if option == "mode" else (f"INPUT.{option}.ENABLED", True)))
    assert batch_augmentation(cfg, 0) is None
    loader = build_train_loader(cfg)
    kinds = [type(step) for step in loader.dataset.transform.transforms]
    assert kinds == [type(step) for step in build_transforms(cfg, is_train=True).transforms]
