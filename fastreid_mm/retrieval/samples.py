"""Images in a folder, or samples of several modalities, in the order of their paths."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.image_files import SUFFIXES, LeftOut, images_below, list_folder


class Sample(NamedTuple):
    """Image, or sample of several modalities, that becomes a row of an index."""

    path: str
    """Path of the image, or of the first image of a sample of several modalities."""
    images: str | dict[str, str]
    """Path of the image, or of the image of each modality."""
    key: str
    """Unique key of the sample: its real path, whatever its name; with several modalities, the name of the sample in
    the real path of the folder that contains the modalities' folders."""

    @property
    def files(self) -> dict[str, str]:
        """Path of each image by modality, "" for a single image."""
        return {"": self.images} if isinstance(self.images, str) else self.images


def samples_in(folder: str, modalities: Sequence[str] = (), left_out: LeftOut | None = None) -> list[Sample]:
    """List all samples in a folder and the folders in it, sorted by their paths; links are followed.

    An image with several names, by links, is listed once, if possible by the name that is no link.

    Args:
        folder: a folder of images, or one image; for aligned images, a folder that contains a folder for each
            modality, in which the images of a sample have the same name (their suffixes may differ).
        modalities: the modalities of a sample, if it has several. Samples may lack some of them.
        left_out: records files that are no images, and further names of an image.

    Raises:
        InputError: there is no such folder, or it has no images.
    """
    left_out = LeftOut() if left_out is None else left_out
    place = Path(folder)  # without a slash at its end or dots in it
    if not place.exists():
        raise InputError(f"--images: {folder} does not exist")
    samples = _aligned(place, modalities, left_out) if modalities else _single(place, left_out)
    distinct: dict[object, Sample] = {}
    for sample in sorted(samples, key=lambda sample: (_is_link(place, sample), sample.path)):
        first = distinct.setdefault(_files(sample), sample)
        if first is not sample:
            left_out.add(sample.path, f"the same as {first.path}")
    if not distinct:
        more = f"; {left_out}" if left_out.found else ""
        raise InputError(f"--images: there is no image in {folder} (files ending in {', '.join(SUFFIXES)}){more}")
    return sorted(distinct.values(), key=lambda sample: sample.path)


def _single(place: Path, left_out: LeftOut) -> Iterator[Sample]:
    for path in _images(place, left_out):
        yield Sample(path, path, os.path.realpath(path))


def _images(place: Path, left_out: LeftOut) -> list[str]:
    if place.is_dir():
        return images_below(str(place), left_out)
    return [str(place)] if place.is_file() else []


def _aligned(place: Path, modalities: Sequence[str], left_out: LeftOut) -> list[Sample]:
    folders = _modality_folders(place, modalities, left_out)
    root = _real_root(place, list(folders.values()))
    samples: dict[str, dict[str, str]] = {}
    for name, folder in folders.items():
        for path in _images(place / folder, left_out):
            stem = str(Path(path).relative_to(place / folder).with_suffix(""))
            images = samples.setdefault(stem, {})
            if name in images:
                raise InputError(f"--images: {images[name]} and {path} are of one sample and one modality")
            images[name] = path
    return [Sample(next(iter(images.values())), images, str(root / stem)) for stem, images in samples.items()]


def _modality_folders(place: Path, modalities: Sequence[str], left_out: LeftOut) -> dict[str, str]:
    """Find the name of each modality's folder, which may differ in case if there is only one."""
    folders, images = list_folder(str(place), left_out) if place.is_dir() else ([], [])
    chosen = {}
    for name in modalities:
        others = [folder for folder in folders if folder.lower() == name.lower()]
        if name in others or len(others) == 1:
            chosen[name] = name if name in others else others[0]
        elif others:
            raise InputError(f"--images: which of {', '.join(others)} in {place} has the images of {name}?")
    if not chosen:
        raise InputError(f"--images: {place} has none of the folders {', '.join(modalities)}, one for each modality")
    for name in [*folders, *images]:
        if name not in chosen.values():
            left_out.add(str(place / name), "no folder of a modality")
    return chosen


def _real_root(place: Path, folders: Sequence[str]) -> Path:
    """Return the real path of a folder, or of the folder that all of its modalities are links into."""
    real = [(place / folder).resolve() for folder in folders]
    if len({path.parent for path in real}) == 1 and [path.name for path in real] == list(folders):
        return real[0].parent
    return place.resolve()


def _files(sample: Sample) -> object:
    """Return a value that is equal for all names of a sample."""
    return tuple((name, os.path.realpath(path)) for name, path in sample.files.items())


def _is_link(place: Path, sample: Sample) -> bool:
    """Tell whether a sample's image is a link, or in a linked folder, below the one that was given."""
    return Path(sample.path).resolve() != place.resolve() / Path(sample.path).relative_to(place)
