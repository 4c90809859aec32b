"""What is drawn for which image, and what becomes of it."""

from collections import Counter

import numpy as np
import pytest
import torch

from fastreid_mm.corruptions import CORRUPTIONS
from fastreid_mm.data.build import build_corrupted_loader, build_dataset, build_test_loader
from fastreid_mm.data.corrupted_set import CorruptedSet
from fastreid_mm.data.image_set import ImageSet


@pytest.fixture
def sysu(sysu_datasets, tiny_cfg):
    return lambda *options: (cfg := tiny_cfg(*options), build_dataset(cfg, "SYSUMM01"))


def draws(places, seed=0, repetition=0):
    items = [(f"{place}.jpg", place, 1, 0) for place in range(max(places) + 1)]
    drawn = CorruptedSet(ImageSet(items, lambda image: image, relabel=False), places, seed, repetition)
    return [drawn.draw(index) for index in range(len(places))]


def test_every_corruption_at_every_severity_is_as_likely():
    """Of 100 cells with 50 expected each, chi squared is 99 on average with deviation 14; four of them are 155."""
    found = Counter(draw[:2] for draw in draws(range(5000)))
    assert len(found) == 100
    assert sum((count - 50) ** 2 / 50 for count in found.values()) < 155


def test_a_draw_follows_from_seed_repetition_and_place():
    first = [(name, severity, words.random()) for name, severity, words in draws(range(20))]
    assert len({number for *_, number in first}) == 20
    some = [(name, severity, words.random()) for name, severity, words in draws([19, 4, 7])]
    assert some == [first[19], first[4], first[7]]  # whichever images are drawn for beside it
    for seed, repetition in ((1, 0), (0, 1)):
        assert draws(range(20), seed, repetition)[0][2].random() not in {number for *_, number in first}


def images(loader):
    return torch.cat([batch["images"] for batch in loader])


def test_images_do_not_depend_on_batches_workers_or_the_global_seed(sysu):
    expected = None
    for options in ((), ("TEST.IMS_PER_BATCH", 7), ("DATALOADER.NUM_WORKERS", 2), ("SEED", 1)):
        torch.manual_seed(len(options))
        np.random.seed(len(options))
        found = images(build_corrupted_loader(*sysu(*options), 3))
        expected = found if expected is None else expected
        assert torch.equal(found, expected)
    for other in (
        images(build_corrupted_loader(*sysu(), 4)),
        images(build_corrupted_loader(*sysu("TEST.CORRUPTION.SEED", 1), 3)),
    ):
        assert (other != expected).flatten(1).any(1).float().mean() > 0.95


def test_visible_images_are_corrupted_after_they_are_resized(sysu):
    cfg, dataset = sysu()
    clean = images(build_test_loader(cfg, dataset))[len(dataset.query) :]
    loader = build_corrupted_loader(cfg, dataset, 0)
    batches = list(loader)
    assert [path for batch in batches for path in batch["img_paths"]] == [item[0] for item in dataset.gallery]
    assert not torch.cat([batch["modalities"] for batch in batches]).any()
    corrupted = images(batches)
    assert corrupted.shape == clean.shape and corrupted.dtype == torch.float32
    for index in range(0, len(clean), 9):
        name, severity, generator = loader.dataset.draw(index)
        image = clean[index].permute(1, 2, 0).byte().numpy()
        expected = CORRUPTIONS[name](image, severity, generator)
        assert np.array_equal(corrupted[index].permute(1, 2, 0).numpy(), expected)


def test_photographs_of_frost_take_the_place_of_drawn_frost(monkeypatch):
    monkeypatch.setattr(CorruptedSet, "draw", lambda self, index: ("frost", 1, np.random.default_rng(index)))
    black = torch.zeros(3, 32, 16, dtype=torch.uint8)
    clean = ImageSet([("a.jpg", 0, 1, 0)], lambda image: image, relabel=False, read=lambda path, pixels: black)
    red = np.zeros((64, 64, 3), np.uint8) + np.array((200, 0, 0), np.uint8)
    photographed, drawn = (CorruptedSet(clean, [0], 0, 0, pictures)[0]["images"] for pictures in ([red], []))
    assert photographed.flatten(1).float().mean(1).tolist() == [80, 0, 0]
    assert drawn[2].float().mean() > 40
