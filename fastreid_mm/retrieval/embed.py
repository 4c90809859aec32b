"""Features of samples, without those that cannot be read, which are reported."""

import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.read_image import look_ahead
from fastreid_mm.inference.predictor import Predictor
from fastreid_mm.retrieval.samples import Sample
from fastreid_mm.retrieval.sources import Member, source_of


class Readings(Dataset):
    """Data set of samples: each is its row without vector, and its prepared images or the error that names the file.

    Images are prepared for the network by the process that reads them, so that a batch holds only their small copies.
    """

    def __init__(self, samples: Sequence[Sample], prepare: Callable[[str], Tensor]) -> None:
        self._samples, self._prepare = samples, prepare

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> tuple[Member, Tensor | dict[str, Tensor] | str]:
        sample = self._samples[index]
        try:
            member = Member(sample.path, source_of(sample))  # first, so that a file replaced meanwhile differs from it
            if isinstance(sample.images, str):
                return member, self._prepare(sample.images)
            return member, {name: self._prepare(path) for name, path in sample.images.items()}
        except InputError as error:
            return Member(sample.path), str(error)


def read_batches(
    predictor: Predictor,
    samples: Sequence[Sample],
    unreadable: list[str],
    batch_size: int = 64,
    done: int = 0,
    quiet: bool = False,
) -> Iterator[tuple[list[Member], list[Any]]]:
    """Yield batches of the samples that can be read, as rows without vectors and images, with a progress bar.

    Images are read by as many processes as ``DATALOADER.NUM_WORKERS`` of the config.

    Args:
        predictor: the predictor, which has the config.
        samples: the samples.
        unreadable: receives a line for each sample that cannot be read.
        batch_size: the number of samples of a batch.
        done: the number of samples that the bar counts as done at its start.
        quiet: whether there is no bar.
    """
    workers = predictor.cfg.DATALOADER.NUM_WORKERS
    if workers:
        look_ahead([path for sample in samples[:1] for path in sample.files.values()], predictor.pixels)
    readings = Readings(samples, predictor.prepare)
    loader = DataLoader(readings, batch_size, num_workers=workers, collate_fn=list, worker_init_fn=_ignore_interrupts)
    with tqdm(total=done + len(samples), initial=done, unit="image", disable=quiet or None) as bar:
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
    """Compute the features (N, D) of the samples that can be read, and return them after their paths.

    Args:
        predictor, samples, batch_size: see :func:`read_batches`.
        modality: "visible" or "infrared"; empty for aligned samples.
        unreadable: receives a line for each sample that cannot be read, or whose feature is not finite.
        skip_unreadable: whether to skip such samples instead of refusing them all, without computing further features.

    Raises:
        InputError: names the samples that cannot be read, if they are not skipped or there are no others.
    """
    paths: list[str] = []
    features: list[Tensor] = []
    for members, images in read_batches(predictor, samples, unreadable, batch_size):
        if skip_unreadable or not unreadable:
            kept, finite = finite_features(predictor, members, images, modality, unreadable, batch_size)
            paths += [member.name for member in kept]
            features.append(finite)
    if not paths or (unreadable and not skip_unreadable):
        raise InputError(listed(unreadable))
    return paths, torch.cat(features)


def finite_features(
    predictor: Predictor,
    members: Sequence[Member],
    images: Sequence[Any],
    modality: str,
    unreadable: list[str],
    batch_size: int,
) -> tuple[list[Member], Tensor]:
    """Compute the features (n, D) of images, and return them after their members, without any that are not finite.

    Args:
        predictor, modality, batch_size: see :func:`features_of`.
        members: the members of the images.
        images: the images, prepared by the predictor.
        unreadable: receives a line for each image whose feature is not finite, which no search could find.
    """
    features = predictor.features(images, modality, batch_size)
    finite = features.isfinite().all(1)
    kept = [member for member, good in zip(members, finite.tolist()) if good]
    bad = [member.name for member, good in zip(members, finite.tolist()) if not good]
    unreadable += [f"the feature of {name} has numbers that are not finite" for name in bad]
    return kept, features[finite]


def _ignore_interrupts(worker: int) -> None:
    """Ignore interrupts from the keyboard, which go to every process; the first process decides when to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
