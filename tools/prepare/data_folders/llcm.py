"""Folder layout of LLCM, written from any stream of images."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from PIL import Image

from data_folders.complete import make_folder, save_image
from fastreid_mm.evaluation.sysu_splits import read_ids

CAMERAS = {"vis": (1, 2, 3, 4, 5, 6, 7, 8, 9), "nir": (1, 2, 4, 5, 6, 7, 8, 9)}
"""Cameras of each modality."""


def write_llcm(
    root: str | Path,
    images: Iterable[tuple[str, int, int, Image.Image]],
    test: Collection[int],
    recipe: Mapping[str, object],
) -> bool:
    """Write a data set in LLCM's layout: ``{train,test}_{vis,nir}/cam{1..9}/{id:04d}/{n:04d}.jpg`` and ``idx/``.

    Args:
        root: the folder that holds ``test_vis`` and ``idx``.
        images: gives ``("vis" or "nir", camera 1..9, identity, image)``.
        test: the identities for testing; the others are for training.
        recipe: everything that determines the images and the split.
    """
    return make_folder(Path(root), {"layout": "LLCM", **recipe}, lambda folder: _fill(folder, images, test))


def summarize_llcm(root: str | Path) -> str:
    """Count the identities of each split and the images of each modality of a folder in LLCM's layout."""
    root = Path(root)
    training = {folder.name for folder in root.glob("train_vis/cam?/*")}
    test = read_ids(root / "idx", "test_id")
    counts = {
        part: len(list(root.glob(f"{part}/*/*/*.jpg"))) for part in ("train_vis", "train_nir", "test_vis", "test_nir")
    }
    identities = f"{len(training) + len(test)} identities (train {len(training)}, test {len(test)})"
    return f"{root}: {identities}, {sum(counts.values())} images\n  {', '.join(f'{n} {c}' for n, c in counts.items())}"


def _fill(folder: Path, images: Iterable[tuple[str, int, int, Image.Image]], test: Collection[int]) -> None:
    for modality, cameras in CAMERAS.items():
        for camera in cameras:
            (folder / f"test_{modality}" / f"cam{camera}").mkdir(parents=True)
    names = defaultdict(list)  # of each modality and identity
    for modality, camera, identity, image in images:
        part = f"{'test' if identity in test else 'train'}_{modality}/cam{camera}/{identity:04d}"
        number = 1 + sum(name.startswith(part) for name in names[modality, identity])
        names[modality, identity].append(f"{part}/{number:04d}.jpg")
        save_image(image, folder / names[modality, identity][-1])
    training = sorted({identity for _, identity in names} - set(test))
    (folder / "idx").mkdir()
    (folder / "idx" / "test_id.txt").write_text(",".join(map(str, sorted(test))) + "\n")
    for modality in CAMERAS:
        lines = [f"{name} {label}\n" for label, i in enumerate(training) for name in names[modality, i]]
        (folder / "idx" / f"train_{modality}.txt").write_text("".join(lines))
