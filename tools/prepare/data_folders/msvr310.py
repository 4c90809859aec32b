"""Folder layout of MSVR310, written from any stream of samples."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from data_folders.complete import make_folder, save_image

FOLDERS = ("vis", "ni", "th")
"""Folders of a sample's three images, in their order."""


class Sample(NamedTuple):
    """One view of one object in one scene.

    Attributes:
        identity: the object's number, counted from 1.
        scene: the scene's number, counted from 1.
        view: the camera's number, 0 to 7.
        images: in visible, near-infrared and thermal light.
    """

    identity: int
    scene: int
    view: int
    images: tuple[Image.Image, Image.Image, Image.Image]


def write_msvr310(
    root: str | Path, samples: Iterable[Sample], test: Collection[int], recipe: Mapping[str, object]
) -> bool:
    """Write a data set in MSVR310's layout: ``{part}/{id:04d}/{vis,ni,th}/{id:04d}_s{scene:03d}_v{view}_{n:03d}.jpg``.

    The gallery, ``bounding_box_test``, holds all samples for testing; ``query3`` has copies of those whose identity
    was seen in several scenes.
    """
    return make_folder(Path(root), {"layout": "MSVR310", **recipe}, lambda folder: _fill(folder, samples, test))


def summarize_msvr310(root: str | Path) -> str:
    """Count the identities and the samples of each part of a folder in MSVR310's layout."""
    root = Path(root)
    parts = ("bounding_box_train", "query3", "bounding_box_test")
    samples = {part: len(list(root.glob(f"{part}/*/vis/*.jpg"))) for part in parts}
    identities = {folder.name for part in parts for folder in (root / part).glob("*")}
    return f"{root}: {len(identities)} identities, samples: {', '.join(f'{n} {c}' for n, c in samples.items())}"


def _fill(folder: Path, samples: Iterable[Sample], test: Collection[int]) -> None:
    by_identity = defaultdict(list)
    for sample in samples:
        by_identity[sample.identity].append(sample)
    for identity, members in by_identity.items():
        several = len({sample.scene for sample in members}) > 1
        parts = ("bounding_box_train",) if identity not in test else ("bounding_box_test", "query3")[: 1 + several]
        for part in parts:
            for number, sample in enumerate(members, start=1):
                _save(sample, folder / part / f"{identity:04d}", number)


def _save(sample: Sample, folder: Path, number: int) -> None:
    name = f"{sample.identity:04d}_s{sample.scene:03d}_v{sample.view}_{number:03d}.jpg"
    for modality, image in zip(FOLDERS, sample.images):
        save_image(image, folder / modality / name)
