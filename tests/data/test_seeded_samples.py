import random

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset

from fastreid_mm.data.build import build_train_loader
from fastreid_mm.data.seeded_samples import SeededBatches, SeededSamples, drawing_from


class Draws(Dataset):
    def __getitem__(self, index):
        return index, random.random(), float(np.random.rand()), float(torch.rand(()))


def test_draws_follow_from_the_key_alone_and_leave_others_alone():
    samples = SeededSamples(Draws())
    keys = [key for batch in SeededBatches([[3, 3, 1], [3]], seed=5) for key in batch]
    states = random.getstate(), torch.get_rng_state(), np.random.get_state()[1].copy()
    first = [samples[key] for key in keys]
    assert [draw[0] for draw in first] == [3, 3, 1, 3] and len({draw[1:] for draw in first}) == 4
    assert first == [samples[key] for key in keys[::-1]][::-1]
    assert random.getstate() == states[0] and torch.equal(torch.get_rng_state(), states[1])
    assert (np.random.get_state()[1] == states[2]).all()
    with drawing_from(*keys[0]):
        assert random.random() == first[0][1]


def test_batches_that_are_done_are_left_out_and_nothing_else_changes():
    batches = SeededBatches([[0, 1], [2, 3], [4, 5]], seed=1)
    whole = list(batches)
    batches.set_epoch(0, done=2)
    assert list(batches) == whole[2:]
    batches.set_epoch(1)
    assert not set(sum(batches, [])) & set(sum(whole, []))


@pytest.mark.parametrize("sampler", ["CrossModalityIdentitySampler", "NaiveIdentitySampler"])
def test_neither_workers_nor_a_later_begin_change_a_batch(tiny_cfg, sampler, sysu_datasets):
    options = ("DATALOADER.SAMPLER_TRAIN", sampler, "INPUT.CHANNEL_AUGMENTATION.ENABLED", True)
    loader, other = (build_train_loader(tiny_cfg(*options, "DATALOADER.NUM_WORKERS", workers)) for workers in (0, 2))
    loader.set_epoch(1)
    np.random.seed(3)
    whole = [batch["images"] for batch in loader]
    other.set_epoch(1, done=2)
    later = [batch["images"] for batch in other]
    assert len(whole) == len(later) + 2
    assert all(torch.equal(one, two) for one, two in zip(whole[2:], later))
