"""Aligned samples: one view in several modalities, some of which are made from others.

RGB by night and near infrared are made from an RGB image by day, as the IEEE paper (Wang et al., AAAI 2022) makes
Market1501-MM from Market-1501.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from data_folders.complete import save_image
from fastreid_mm.common.image_files import LeftOut, images_below

BRIGHTNESS = 0.4
"""Share of the light that is left at night: the paper takes away 60 %."""


def darken(image: Image.Image) -> Image.Image:
    """Turn an RGB image by day into one by night."""
    return image.point(lambda value: round(BRIGHTNESS * value))


def near_infrared(image: Image.Image) -> Image.Image:
    """Make a near-infrared image: the grey values of the RGB image by day."""
    return image.convert("L")


def save_sample(images: Mapping[str, Image.Image], folder: Path, name: str) -> None:
    """Write the image of each modality into the folder of that modality, all under one name."""
    for modality, image in images.items():
        save_image(image, folder / modality / name)


def summarize_aligned(root: str | Path) -> str:
    """Count the identities, and the files of each folder, of a data set whose file names begin with the identity."""
    root = Path(root)
    paths = [Path(path) for path in images_below(str(root), LeftOut())]
    counts = Counter(path.parent.relative_to(root).as_posix() for path in paths)
    identities = {path.name.split("_")[0] for path in paths}
    first = f"{root}: {len(identities)} identities, {len(paths)} files"
    return f"{first}\n  {', '.join(f'{name} {count}' for name, count in counts.items())}"
