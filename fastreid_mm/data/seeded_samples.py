"""Samples whose random numbers follow from the seed and their place in training alone."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from torch.utils.data import Dataset, Sampler

from fastreid_mm.common.random_streams import seeded, stream_words

Key = tuple[int, ...]
"""Seed, epoch, number of the batch in the epoch, index of the sample, and how often that was in the batch before."""


class SeededBatches(Sampler[list[Key]]):
    """The batches of another sampler, with all that their samples' random numbers follow from.

    A sample is augmented alike whatever process and worker loads it, and whatever was loaded before. So neither the
    number of workers nor a resumption in the middle of an epoch changes anything.

    Args:
        batches: lists of indices; if it has ``set_epoch``, it is told the epoch.
        seed: at least 0.
    """

    def __init__(self, batches: Sampler[list[int]], seed: int) -> None:
        self._batches: Any = batches
        self._seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int, done: int = 0) -> None:
        """Choose the epoch of the next iteration (0-based), and how many of its batches to leave out."""
        self._epoch, self._done = epoch, done
        if hasattr(self._batches, "set_epoch"):
            self._batches.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[list[Key]]:
        for number, batch in islice(enumerate(self._batches), self._done, None):
            seen: Counter[int] = Counter()
            keys: list[Key] = []
            for index in batch:
                keys.append((self._seed, self._epoch, number, index, seen[index]))
                seen[index] += 1
            yield keys


class SeededSamples(Dataset):
    """The samples of another data set, by the keys of :class:`SeededBatches`."""

    def __init__(self, samples: Dataset) -> None:
        self.samples: Any = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, key: Key) -> Any:
        with drawing_from(*key):
            return self.samples[key[3]]


@contextmanager
def drawing_from(*numbers: int) -> Iterator[None]:
    """Let Python, NumPy and PyTorch draw from a stream of its own within the block, and go on as before after it."""
    with seeded(*stream_words(*numbers, count=3)):
        yield
