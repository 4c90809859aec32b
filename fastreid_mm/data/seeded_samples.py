"""Samples whose random numbers depend only on the seed and their place in the training."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from torch.utils.data import Dataset, Sampler

from fastreid_mm.common.random_streams import restored, seed_generators, seeded, stream_words
from fastreid_mm.data.augmentation import DRAWS, Augmentation

Key = tuple[int, ...]
"""Seed, epoch, number of the batch in the epoch, index of the sample, and its number of earlier uses in the batch."""


class SeededBatches(Sampler[list[Key]]):
    """Batches of another sampler, with keys that determine the random numbers of their samples.

    A sample is augmented alike in every process and worker, whatever was loaded before. So neither the number of
    workers nor a resumption in the middle of an epoch changes anything.

    Args:
        batches: a sampler of lists of indices; its ``set_epoch``, if it has one, is called.
        seed: the seed, 0 or more.
    """

    def __init__(self, batches: Sampler[list[int]], seed: int) -> None:
        self._batches: Any = batches
        self._seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int, done: int = 0) -> None:
        """Choose the epoch of the next iteration (0-based), and the number of batches to skip at its start."""
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
    """Samples of another data set, by the keys of :class:`SeededBatches`.

    Args:
        samples: the data set, whose transforms may draw from Python's, NumPy's and PyTorch's generators.
        augmentation: what is made of whole batches. Its draws become ``draws`` of the samples, and nothing else may be
            drawn.
    """

    def __init__(self, samples: Dataset, augmentation: Augmentation | None = None) -> None:
        self.samples: Any = samples
        self.augmentation = augmentation

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, key: Key) -> Any:
        return self.__getitems__([key])[0]

    def __getitems__(self, keys: Sequence[Key]) -> list[Any]:
        """Make the samples of a batch, as PyTorch's loader asks for them, and restore the generators after the last."""
        if self.augmentation:
            return [{**self.samples[key[3]], DRAWS: row} for key, row in zip(keys, self.augmentation.draw(keys))]
        with restored():
            return [self._sample(key) for key in keys]

    def _sample(self, key: Key) -> Any:
        seed_generators(*stream_words(*key, count=3))
        return self.samples[key[3]]


@contextmanager
def drawing_from(*numbers: int) -> Iterator[None]:
    """Seed Python, NumPy and PyTorch by some numbers within a block, and restore their generators after it."""
    with seeded(*stream_words(*numbers, count=3)):
        yield
