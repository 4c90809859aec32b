"""Random numbers that follow from the seed and the place in training alone, so that resuming changes none."""

import random
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import FUNCTIONS
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmengine.runner.utils import set_random_seed
from mmseg.registry import HOOKS
from torch.utils.data import DataLoader, Dataset

from fastreid_mm.random_state import seeded
from fastreid_mm.random_streams import stream_words
from fastreid_mm.stopping import leave_stopping_to_the_trainer


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seeds Python, NumPy and PyTorch anew before every epoch and iteration of training, and for every sample.

    So a run may be resumed in the middle of an epoch, and the number of the loader's processes changes nothing.
    """

    def before_train(self, runner: Runner) -> None:
        """Have an epoch's samples seeded, and its batches left out that are done already."""
        loop = runner.train_loop
        if isinstance(loop, EpochBasedTrainLoop):
            loop.dataloader = RemainingBatches(loop.dataloader, runner)

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed all generators from the seed, the number of the epoch and the rank."""
        set_random_seed(stream_words(runner.seed, runner.epoch, get_rank())[0])

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: object = None) -> None:
        """Seed all generators from the seed, the numbers of epoch and iteration and the rank."""
        set_random_seed(stream_words(runner.seed, runner.epoch, get_rank(), runner.iter + 1)[0])


class RemainingBatches:
    """Stands for a data loader whose epoch may begin at a later batch.

    Args:
        loader: What it stands for.
        runner: Says the seed, the epoch and how many iterations are done.
    """

    def __init__(self, loader: DataLoader, runner: Runner) -> None:
        self._loader, self._runner = loader, runner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator:
        loader, runner = self._loader, self._runner
        done = runner.iter - runner.epoch * len(loader)
        return iter(
            DataLoader(
                SeededSamples(loader.dataset, runner.seed, runner.epoch),
                batch_sampler=list(cast(Iterable, loader.batch_sampler))[done:],
                num_workers=loader.num_workers,
                collate_fn=loader.collate_fn,
                pin_memory=loader.pin_memory,
                worker_init_fn=partial(_begin_worker, loader.worker_init_fn),
                prefetch_factor=loader.prefetch_factor,
            )
        )


class SeededSamples(Dataset):
    """A data set whose samples draw from a stream of their own.

    Args:
        samples: What it is made of.
        seed, epoch: Other ones give other streams.
    """

    def __init__(self, samples: Dataset, seed: int, epoch: int) -> None:
        self._samples: Any = samples
        self._seed, self._epoch = seed, epoch

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> Any:
        words = stream_words(self._seed, self._epoch, index, 0, 1)  # As many numbers as no other stream has.
        with seeded(*words * 3):
            return self._samples[index]


def _begin_worker(init: Callable[[int], None] | None, worker_id: int) -> None:
    leave_stopping_to_the_trainer(worker_id)
    if init is not None:
        init(worker_id)


@FUNCTIONS.register_module()
def seed_worker(worker_id: int, **_: object) -> None:
    """Seed a worker process of a data loader from the seed of the epoch.

    A config selects it by ``worker_init_fn=dict(type="seed_worker")``. mmengine's own function would give a process the
    same random numbers in every epoch. ``persistent_workers`` must be False, since a process that outlives its epoch is
    not seeded again.
    """
    seed = torch.initial_seed() % 2**32  # PyTorch draws it when the processes of an epoch start.
    random.seed(seed)
    np.random.seed(seed)
