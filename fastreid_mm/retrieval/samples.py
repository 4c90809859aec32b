"""The images in a folder, or samples of several modalities, in the order of their paths."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from fastreid_mm.errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
"""Of the files that are taken for images."""


class Sample(NamedTuple):
    """What is one row of an index."""

    path: str
    """Of the image; of several modalities, of the first there is."""
    images: str | dict[str, str]
    """The path of the image, or of each modality's."""


def samples_in(folder: str, modalities: Sequence[str] = ()) -> list[Sample]:
    """All samples in a folder and the folders in it, sorted by their paths.

    Args:
        folder: with the images, or one image; of a method for aligned images, with a folder for each modality in it,
            in which the images of a sample have one name (their suffixes may differ).
        modalities: of a sample, if it has several. Samples may lack some of them.

    Raises:
        InputError: there is no such folder, or nothing in it.
    """
    place = Path(folder)
    if not place.exists():
        raise InputError(f"--images: {folder} does not exist")
    found = _aligned(place, modalities) if modalities else [Sample(str(path), str(path)) for path in _images(place)]
    if not found:
        raise InputError(f"--images: there is no image in {folder} (files ending in {', '.join(SUFFIXES)})")
    return sorted(found, key=lambda sample: sample.path)


def _images(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    for path in place.rglob("*") if place.is_dir() else ():
        if path.suffix.lower() in SUFFIXES and path.is_file():
            yield path


def _aligned(place: Path, modalities: Sequence[str]) -> list[Sample]:
    folders = [name for name in modalities if (place / name).is_dir()]
    if not folders:
        raise InputError(f"--images: {place} has none of the folders {', '.join(modalities)}, one for each modality")
    samples: defaultdict[Path, dict[str, str]] = defaultdict(dict)
    for name in folders:
        for path in _images(place / name):
            images = samples[path.relative_to(place / name).with_suffix("")]
            if name in images:
                raise InputError(f"--images: {images[name]} and {path} are of one sample and one modality")
            images[name] = str(path)
    return [Sample(next(iter(images.values())), images) for images in samples.values()]
