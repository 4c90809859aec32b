"""A plain DataLoader whose batches arrive on the model's device, with reproducible epochs."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from fastreid_mm.random_streams import stream_words

Batch = dict[str, Tensor | list[str]]


class DeviceLoader:
    """Iterates over a DataLoader and moves the tensors of every batch to ``device``.

    An epoch's batches and worker seeds follow from the seed and the epoch number alone, so an epoch looks the same
    whether training came there in one go or was resumed.

    Args:
        loader: with a batch sampler; if that has ``set_epoch``, it is told the epoch.
        device: where the model lives.
        seed: of the workers' random numbers.
    """

    def __init__(self, loader: DataLoader, device: str | torch.device, seed: int = 0) -> None:
        self._loader = loader
        self._device = torch.device(device)
        self._seed = seed
        loader.generator = torch.Generator()
        self.set_epoch(0)

    @property
    def dataset(self) -> Dataset:
        """What the batches are made of."""
        return self._loader.dataset

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next iteration yields (0-based)."""
        self._loader.generator.manual_seed(*stream_words(self._seed, epoch))
        batches: Any = self._loader.batch_sampler
        if hasattr(batches, "set_epoch"):
            batches.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._loader:
            yield {
                key: value.to(self._device, non_blocking=True) if isinstance(value, Tensor) else value
                for key, value in batch.items()
            }
