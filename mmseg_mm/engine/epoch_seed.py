"""Random numbers that depend only on the seed and the place in training, so that resuming changes none."""

import random
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import count, islice, repeat
from typing import Any, cast

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import FUNCTIONS
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner
from mmengine.runner.utils import set_random_seed
from mmseg.registry import HOOKS
from torch.utils.data import DataLoader, Dataset

from fastreid_mm.common.random_streams import seeded, stream_words
from fastreid_mm.common.stopping import leave_stopping_to_the_trainer
from mmseg_mm.engine.safe_checkpoint import purpose_of
from mmseg_mm.engine.same_training import RECORD, require_same_training, training_record


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Hook that seeds Python, NumPy and PyTorch before every epoch and iteration of training, and for every sample.

    So a run may be resumed at any iteration, and the number of the loader's processes changes nothing. Resuming with
    other batches than before is refused.
    """

    def __init__(self) -> None:
        self._record: dict | None = None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the settings that must be equal for the training to be resumed."""
        self._record = self._record or training_record(runner)
        checkpoint["meta"][RECORD] = self._record

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare the settings of a checkpoint to resume from.

        Raises:
            InputError: The training to resume is another one.
        """
        if purpose_of(runner) == "resume":
            require_same_training(runner, checkpoint, str(runner._load_from))

    def before_train(self, runner: Runner) -> None:
        """Replace the loader by one that seeds the samples, without the batches that are already done."""
        loop = runner.train_loop
        sampler: Any = getattr(loop.dataloader.batch_sampler, "sampler", None)
        if hasattr(sampler, "seed"):
            sampler.seed = runner.seed  # It was built before a checkpoint's seed was known.
        if isinstance(loop, EpochBasedTrainLoop):
            loop.dataloader = RemainingBatches(loop.dataloader, runner)
        elif isinstance(loop, IterBasedTrainLoop):
            loop.dataloader_iterator = remaining_iterations(loop.dataloader, runner.seed, loop.iter)

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed all generators from the seed, the number of the epoch and the rank."""
        set_random_seed(stream_words(runner.seed, runner.epoch, get_rank())[0])

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: object = None) -> None:
        """Seed all generators from the seed, the numbers of epoch and iteration and the rank."""
        set_random_seed(stream_words(runner.seed, runner.epoch, get_rank(), runner.iter + 1)[0])


class RemainingBatches:
    """Data loader whose epoch may begin at a later batch, made from another one.

    Args:
        loader: The other loader.
        runner: The runner, which has the seed, the epoch and the number of finished iterations.
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
        batches = list(cast(Iterable, loader.batch_sampler))[done:]
        return iter(_seeded_loader(loader, runner.seed, [[(runner.epoch, each) for each in one] for one in batches]))


def remaining_iterations(loader: DataLoader, seed: int, done: int) -> Iterator:
    """Yield the batches of a loader over and over, for a loop that counts iterations.

    Args:
        loader: The loader, with a sampler that ends or with an endless one.
        seed: The seed of the samples.
        done: The number of finished batches. The loop of the host requests them again, and gets None for each.
    """
    sampler: Any = getattr(loader.batch_sampler, "sampler", None)
    if hasattr(sampler, "indices") and hasattr(sampler, "_indices_of_rank"):
        sampler.indices = sampler._indices_of_rank()  # The host's loop has drawn from it by now.

    def batches() -> Iterator:
        for turn in count():
            if hasattr(sampler, "set_epoch"):
                sampler.set_epoch(turn)
            yield from cast(Iterable, loader.batch_sampler)

    numbered = ([(number, each) for each in batch] for number, batch in enumerate(batches()))
    yield from repeat(None, done)
    yield from _seeded_loader(loader, seed, islice(numbered, done, None))


def _seeded_loader(loader: DataLoader, seed: int, batches: Iterable) -> DataLoader:
    """Return a loader like another one, with given batches: lists of (turn, index)."""
    return DataLoader(
        SeededSamples(loader.dataset, seed),
        batch_sampler=cast(Any, batches),
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        pin_memory=loader.pin_memory,
        worker_init_fn=partial(_begin_worker, loader.worker_init_fn),
        prefetch_factor=loader.prefetch_factor,
    )


class SeededSamples(Dataset):
    """Data set in which each sample has its own stream of random numbers."""

    def __init__(self, samples: Dataset, seed: int) -> None:
        self._samples: Any = samples
        self._seed = seed

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, key: tuple[int, int]) -> Any:
        """Return a sample.

        Args:
            key: The number of the turn, such as the epoch, with which streams change, too, and the sample's index.
        """
        turn, index = key
        words = stream_words(self._seed, turn, index, 0, 1)  # No other stream has this many numbers.
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
