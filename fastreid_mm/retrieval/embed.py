"""From samples to features, with what cannot be read left out and told."""

import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from fastreid_mm.engine.predictor import Predictor
from fastreid_mm.errors import InputError, listed
from fastreid_mm.read_image import look_ahead
from fastreid_mm.retrieval.samples import Sample
from fastreid_mm.retrieval.sources import Member, source_of


class Readings(Dataset):
    """Samples with the files they were read from, and what was read of them or the error that names the file.

    Images are prepared for the network where they are read, so that a batch never holds more than their small copies.
    """

    def __init__(self, samples: Sequence[Sample], prepare: Callable[[str], Tensor]) -> None:
        self._samples, self._prepare = samples, prepare

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> tuple[Member, Tensor | dict[str, Tensor] | str]:
        sample = self._samples[index]
        try:
            member = Member(sample.path, source_of(sample))  # before: a file that is replaced meanwhile differs from it
            if isinstance(sample.images, str):
                return member, self._prepare(sample.images)
            return member, {name: self._prepare(path) for name, path in sample.images.items()}
        except InputError as error:
            return Member(sample.path), str(error)


def read_batches(
    predictor: Predictor, samples: Sequence[Sample], unreadable: list[str], batch_size: int = 64, done: int = 0
) -> Iterator[tuple[list[Member], list[Any]]]:
    """Read samples, those that can be, and what their rows would be, a batch at a time, with a progress bar.

    Images are read by as many processes as ``DATALOADER.NUM_WORKERS`` of the config.

    Args:
        predictor: whose config says so.
        samples: in their order.
        unreadable: gets a line for each sample that cannot be read.
        batch_size: samples at a time.
        done: samples that the bar counts as done before.
    """
    workers = predictor.cfg.DATALOADER.NUM_WORKERS
    if workers:
        look_ahead([path for sample in samples[:1] for path in _files(sample)], predictor.pixels)
    readings = Readings(samples, predictor.prepare)
    loader = DataLoader(readings, batch_size, num_workers=workers, collate_fn=list, worker_init_fn=_ignore_interrupts)
    with tqdm(total=done + len(samples), initial=done, unit="image", disable=None) as bar:
        for batch in loader:
            unreadable += [reading for _, reading in batch if isinstance(reading, str)]
            whole = [each for each in batch if not isinstance(each[1], str)]
            if whole:
                members, images = map(list, zip(*whole))
                yield members, images
            bar.update(len(batch))


def features_of(
    predictor: Predictor,
    samples: Sequence[Sample],
    modality: str,
    unreadable: list[str],
    batch_size: int = 64,
    skip_unreadable: bool = True,
) -> tuple[list[str], Tensor]:
    """Paths and (N, D) features of the samples that can be read.

    Args:
        predictor: makes the features.
        samples: in their order.
        modality: "visible" or "infrared"; empty for aligned samples.
        unreadable: gets a line for each sample that cannot be read, or whose feature is not finite.
        batch_size: samples at a time.
        skip_unreadable: or else refuse them; the first one ends the computing, and what else cannot be read is found.

    Raises:
        InputError: names what cannot be read, if it is not to be skipped or there is nothing else.
    """
    paths: list[str] = []
    features: list[Tensor] = []
    for members, images in read_batches(predictor, samples, unreadable, batch_size):
        if skip_unreadable or not unreadable:
            kept, found = finite_features(predictor, members, images, modality, unreadable, batch_size)
            paths += [member.name for member in kept]
            features.append(found)
    if not paths or (unreadable and not skip_unreadable):
        raise InputError(listed(unreadable))
    return paths, torch.cat(features)


def _files(sample: Sample) -> list[str]:
    return [sample.images] if isinstance(sample.images, str) else list(sample.images.values())


def finite_features(
    predictor: Predictor,
    members: Sequence[Member],
    images: Sequence[Any],
    modality: str,
    unreadable: list[str],
    batch_size: int,
) -> tuple[list[Member], Tensor]:
    """Members and (n, D) features of the images whose feature is finite: no search finds another.

    Args:
        predictor: makes the features.
        members: of the images.
        images: as they were read.
        modality: see :func:`features_of`.
        unreadable: gets a line for each of the others.
        batch_size: images at a time.
    """
    features = predictor.features(images, modality, batch_size)
    finite = features.isfinite().all(1)
    kept = [member for member, good in zip(members, finite.tolist()) if good]
    bad = [member.name for member, good in zip(members, finite.tolist()) if not good]
    unreadable += [f"the feature of {name} has numbers that are not finite" for name in bad]
    return kept, features[finite]


def _ignore_interrupts(worker: int) -> None:
    """An interrupt from the keyboard goes to every process; the first one decides when to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
