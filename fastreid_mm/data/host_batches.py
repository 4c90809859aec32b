"""Batches from fast-reid's own samplers, with separate epochs and checked inputs."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from fastreid.data import samplers
from torch.utils.data import BatchSampler

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.random_streams import stream_words
from fastreid_mm.data.sampler import EpochBatches, identities_per_batch

HOST_SAMPLERS = ("TrainingSampler", "NaiveIdentitySampler", "BalancedIdentitySampler")


class HostBatches(EpochBatches):
    """Batches from one of the host's endless samplers, cut into epochs of ``len(items) // batch_size`` batches.

    The host's identity samplers never end if a batch cannot be filled; this is refused here.

    With W processes, every process draws the same global batch and keeps a W-th of it, so the union over processes is
    the batch that a single process would see. The host would draw the identities of each process independently.

    Args:
        sampler: the name of a sampler of ``fastreid.data.samplers``.
        items: the items ``(img_path, pid, camid, ...)``.
        batch_size: the number of images of a global batch.
        num_instances: the number of images of an identity in a batch, for the identity samplers.
        seed: the seed, equal in all processes.
        rank, world_size: the number of this process, and the number of processes.

    Raises:
        InputError: the batch cannot be divided evenly, or needs more identities or images than there are.
    """

    def __init__(
        self,
        sampler: str,
        items: Sequence[tuple],
        batch_size: int,
        num_instances: int,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        super().__init__(seed)
        self._sampler = sampler
        self._items = [item[:3] for item in items]  # the host unpacks exactly three fields
        self._num_instances = num_instances
        self._batch_size, self._share = batch_size, _share(batch_size, rank, world_size)
        self._length = len(items) // batch_size
        if not self._length:
            raise InputError(f"SOLVER.IMS_PER_BATCH {batch_size} is more than the {len(items)} training images")
        if sampler != "TrainingSampler":
            identities_per_batch(batch_size, num_instances, world_size, len({item[1] for item in self._items}), 1)

    def __iter__(self) -> Iterator[list[int]]:
        # all at once: the host draws from NumPy's global generator, which others use between batches
        before = np.random.get_state()
        batches = list(self._draw())
        np.random.set_state(before)
        yield from batches

    def _draw(self) -> Iterator[list[int]]:
        (seed,) = stream_words(self._seed, self._epoch)
        if self._sampler == "TrainingSampler":
            indices = samplers.TrainingSampler(len(self._items), seed=seed)
        else:
            indices = getattr(samplers, self._sampler)(self._items, self._batch_size, self._num_instances, seed)
            indices.batch_size = self._batch_size  # the host's sampler has multiplied it by its number of processes
        indices._rank, indices._world_size = 0, 1
        for batch in islice(BatchSampler(indices, self._batch_size, drop_last=True), self._length):
            yield batch[self._share]


def _share(batch_size: int, rank: int, world_size: int) -> slice:
    """Return the part of the global batch that a process has."""
    if batch_size % world_size:
        raise InputError(f"SOLVER.IMS_PER_BATCH {batch_size} is not a multiple of {world_size} processes")
    size = batch_size // world_size
    return slice(rank * size, (rank + 1) * size)
