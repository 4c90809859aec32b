import random
from functools import partial
from types import SimpleNamespace

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from mmseg_mm.engine import EpochSeedHook, seed_worker
from mmseg_mm.engine.epoch_seed import SeededSamples


class Draws(Dataset):
    """What each library's random numbers give for four samples."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return random.random(), float(np.random.rand()), float(torch.rand(()))


def epoch(seed, number, workers):
    EpochSeedHook().before_train_epoch(SimpleNamespace(seed=seed, epoch=number))
    loader = DataLoader(Draws(), batch_size=1, num_workers=workers, worker_init_fn=partial(seed_worker, unused=0))
    return torch.stack([torch.stack(values).flatten() for values in loader])  # (4, 3)


def test_an_epoch_repeats_itself_and_no_other():
    for workers in (0, 2):
        first, second, third = epoch(1, 0, workers), epoch(1, 1, workers), epoch(2, 0, workers)
        assert torch.equal(first, epoch(1, 0, workers))
        assert len({round(value, 9) for values in (first, second, third) for value in values.flatten().tolist()}) == 36


def test_a_sample_has_the_stream_that_trainings_before_were_made_with():
    word = int(np.random.SeedSequence((7, 2, 3, 0, 1)).generate_state(1)[0])
    before = random.getstate()
    assert SeededSamples(Draws(), 7)[2, 3] == (
        random.Random(word).random(),
        np.random.RandomState(word).rand(),
        float(torch.rand((), generator=torch.Generator().manual_seed(word))),
    )
    assert random.getstate() == before
