"""Loader whose batches are on the model's device, with reproducible epochs."""

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from fastreid_mm.common.batch_layout import move_batch
from fastreid_mm.data.augmentation import DRAWS
from fastreid_mm.data.seeded_samples import SeededBatches, SeededSamples

Batch = dict[str, Any]


class DeviceLoader:
    """Iterates over a DataLoader, reads the layout of every batch, moves its tensors to ``device`` and augments them.

    Args:
        loader: a loader with a batch sampler, of :class:`SeededSamples` if it is for training.
        device: the device of the model.
    """

    def __init__(self, loader: DataLoader, device: str | torch.device) -> None:
        self._loader = loader
        self._device = torch.device(device)
        loader.generator = torch.Generator()  # so that the workers' seeds are not drawn from the global generator

    @property
    def dataset(self) -> Dataset:
        """Data set of the samples in the batches."""
        dataset = self._loader.dataset
        return dataset.samples if isinstance(dataset, SeededSamples) else dataset

    def set_epoch(self, epoch: int, done: int = 0) -> None:
        """Choose the epoch that the next iteration yields (0-based), and the number of batches to skip at its start."""
        batches = self._loader.batch_sampler
        if isinstance(batches, SeededBatches):
            batches.set_epoch(epoch, done)

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator[Batch]:
        samples = self._loader.dataset
        augmentation = samples.augmentation if isinstance(samples, SeededSamples) else None
        for batch in self._loader:
            moved = move_batch({key: value for key, value in batch.items() if key != DRAWS}, self._device)
            if augmentation:
                moved["images"] = augmentation.apply(moved["images"], batch[DRAWS], batch.get("modality_mask"))
            yield moved
