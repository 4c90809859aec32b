"""Identity-balanced batches across two modalities."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from torch.utils.data import Sampler

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.modality import INFRARED, VISIBLE
from fastreid_mm.data.items import Item, as_items


class EpochBatches(Sampler[list[int]]):
    """Base class of batches that depend on the seed and the epoch alone, a number of them in each epoch."""

    _length: int
    """Number of batches of an epoch."""

    def __init__(self, seed: int) -> None:
        self._seed, self._epoch = seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose batches the next iteration yields (0-based)."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._length


class CrossModalityIdentitySampler(EpochBatches):
    """Batches of P identities x K images per modality, visible half first, both halves in the same identity order.

    As in the AGW code base: P identities without replacement, K images of each modality with replacement. An epoch has
    one more batch than the larger modality has images for: floor(max(N) / (P * K)) + 1.

    With W processes, every process draws the same global batch and keeps P / W of its identities, so the union over
    processes is the batch that a single process would see.

    Args:
        items: the items of data sets, each with a modality.
        batch_size: the number of images of a global batch, in both modalities and all processes: 2 * P * K.
        num_instances: K.
        seed: the seed, equal in all processes.
        rank, world_size: the number of this process, and the number of processes.
        replacement: whether the K images are drawn with replacement. If not, and an identity has fewer than K images,
            each is drawn as often as any other or once more.

    Raises:
        InputError: items are not of visible-infrared data sets, the batch cannot be divided evenly, or P is more than
            the number of identities.
    """

    def __init__(
        self,
        items: Sequence[tuple],
        batch_size: int,
        num_instances: int,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
        replacement: bool = True,
    ) -> None:
        super().__init__(seed)
        named = as_items(items)
        _require_modalities(named)
        self._images: tuple[dict[int | str, np.ndarray], ...] = ({}, {})
        for modality in (VISIBLE, INFRARED):
            self._images[modality].update(_by_identity(named, modality))
        self._identities = np.array(sorted(set(self._images[VISIBLE]) & set(self._images[INFRARED])))
        available = len(self._identities)
        self._num_identities = identities_per_batch(batch_size, num_instances, world_size, available, 2)
        self._num_instances, self._replacement = num_instances, replacement
        self._rank, self._world_size = rank, world_size
        larger = max(sum(item.modality == modality for item in named) for modality in (VISIBLE, INFRARED))
        self._length = larger // (self._num_identities * num_instances) + 1

    def __iter__(self) -> Iterator[list[int]]:
        random = np.random.default_rng((self._seed, self._epoch))
        for _ in range(self._length):
            identities = random.choice(self._identities, self._num_identities, replace=False)
            halves = [self._draw(random, identities, modality) for modality in (VISIBLE, INFRARED)]
            yield [index for half in halves for index in half]

    def _draw(self, random: np.random.Generator, identities: np.ndarray, modality: int) -> list[int]:
        """Draw one half of the global batch, and return the indices that belong to this process."""
        drawn = [self._draw_images(random, self._images[modality][pid]) for pid in identities]
        share = len(drawn) // self._world_size
        kept = drawn[self._rank * share : (self._rank + 1) * share]
        return np.concatenate(kept).tolist()

    def _draw_images(self, random: np.random.Generator, images: np.ndarray) -> np.ndarray:
        """Draw K of an identity's images."""
        if self._replacement:
            return random.choice(images, self._num_instances)
        rounds = -(-self._num_instances // len(images))
        return np.concatenate([random.permutation(images) for _ in range(rounds)])[: self._num_instances]


def _require_modalities(items: list[Item]) -> None:
    for item in items:
        if not item.has_modality:
            raise InputError(
                "DATALOADER.SAMPLER_TRAIN CrossModalityIdentitySampler needs visible-infrared data sets "
                f"in DATASETS.NAMES, {item.img_path} is of another kind"
            )


def _by_identity(items: list[Item], modality: int) -> dict[int | str, np.ndarray]:
    indices = defaultdict(list)
    for index, item in enumerate(items):
        if item.modality == modality:
            indices[item.pid].append(index)
    return {pid: np.array(places) for pid, places in indices.items()}


def identities_per_batch(batch_size: int, num_instances: int, world_size: int, available: int, modalities: int) -> int:
    """Return the number of identities of a global batch with a number of images of each in each modality.

    Raises:
        InputError: the batch cannot be divided evenly, or needs more identities than the number that is available.
    """
    group = modalities * num_instances * world_size
    images, which = (f"{group} = {modalities} modalities x ", " with both modalities") if modalities > 1 else ("", "")
    if num_instances < 1 or batch_size < group or batch_size % group:
        raise InputError(
            f"SOLVER.IMS_PER_BATCH {batch_size} is not a multiple of {images}"
            f"DATALOADER.NUM_INSTANCE {num_instances} x {world_size} processes"
        )
    wanted = batch_size // (modalities * num_instances)
    if wanted > available:
        raise InputError(
            f"a batch of {batch_size} with DATALOADER.NUM_INSTANCE {num_instances} needs {wanted} "
            f"identities, the training set has {available}{which}"
        )
    return wanted
