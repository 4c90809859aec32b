"""Market1501-MM: Market-1501 with the modalities that the IEEE paper (Wang et al., AAAI 2022) gives it.

RGB is darkened, and near infrared is the grey image. Thermal images are generated, in the paper by a CycleGAN, and must
be supplied by the user.
"""

import re
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from data_folders.aligned import darken, near_infrared, save_sample
from data_folders.complete import fingerprint, make_folder
from fastreid_mm.common.errors import InputError, first_line, listed
from fastreid_mm.common.image_files import LeftOut, images_by_stem
from fastreid_mm.common.pixels import MAX_PIXELS, open_image

NAME = "Market1501-MM"
PARTS = {"train": "bounding_box_train", "query": "query", "gallery": "bounding_box_test"}
"""Folders of this set, and of Market-1501."""


class Photograph(NamedTuple):
    """Image of Market-1501, its part of the set, and its thermal counterpart if there is one."""

    part: str
    visible: Path
    thermal: Path | None


def make_market1501_mm(
    source: str | Path, root: str | Path, thermal: str | Path | None = None, left_out: LeftOut | None = None
) -> bool:
    """Make Market1501-MM, without false detections (identity -1), which nothing reads.

    Args:
        source: Market-1501 as it is distributed, with ``bounding_box_train``, ``query`` and ``bounding_box_test``.
        root: the folder that holds ``train``, ``query`` and ``gallery``.
        thermal: folder of thermal images under the names of the visible ones, in the same three folders or all in one.
            They are resized to the visible ones. Without it there is no thermal modality.
        left_out: is given the files in Market-1501's folders that are not its images.
    """
    left_out = LeftOut() if left_out is None else left_out
    photographs = find_photographs(Path(source), None if thermal is None else Path(thermal), left_out)
    paths = [path for _, *both in photographs for path in both if path]
    recipe = {"maker": "market1501_mm 1", "thermal": thermal is not None, "source": fingerprint(paths)}
    return make_folder(Path(root), recipe, lambda folder: _fill(folder, photographs))


def find_photographs(source: Path, thermal: Path | None, left_out: LeftOut) -> list[Photograph]:
    """List every image of Market-1501 that is made into a sample, in the order of parts and names.

    Raises:
        InputError: a folder has no such images, or thermal images, which are named, are missing.
    """
    photographs = [photograph for part in PARTS for photograph in _part(source, thermal, part, left_out)]
    missing = [str(item.thermal) for item in photographs if item.thermal and not item.thermal.is_file()]
    if missing:
        raise InputError(f"thermal images are missing: {listed(missing)}")
    return photographs


def _part(source: Path, thermal: Path | None, part: str, left_out: LeftOut) -> list[Photograph]:
    folder = source / PARTS[part]
    if not folder.is_dir():
        raise InputError(f"no folder {folder}: Market-1501 has it")
    visible = {}
    for stem, path in images_by_stem(str(folder), left_out).items():
        match = re.match(r"(-1|[0-9]+)_c[0-9]+s", stem)
        if match is None:
            left_out.add(path, "not named like 0002_c1s1_000451_03.jpg")
        elif match[1] != "-1":
            visible[stem] = Path(path)
    if not visible:
        raise InputError(f"{folder} has no images named like 0002_c1s1_000451_03.jpg")
    if thermal is None:
        return [Photograph(part, path, None) for path in visible.values()]
    apart = thermal / PARTS[part] if (thermal / PARTS[part]).is_dir() else thermal
    warm = images_by_stem(str(apart), LeftOut())
    return [Photograph(part, path, Path(warm.get(stem, apart / path.name))) for stem, path in visible.items()]


def _fill(root: Path, photographs: list[Photograph]) -> None:
    problems = []
    for photograph in photographs:
        try:
            save_sample(_images(photograph), root / photograph.part, photograph.visible.name)
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError(f"cannot make {NAME}: {listed(problems)}")


def _images(photograph: Photograph) -> dict[str, Image.Image]:
    visible = _read(photograph.visible, "RGB")
    images = {"RGB": darken(visible), "NI": near_infrared(visible)}
    if photograph.thermal:
        images["TI"] = _read(photograph.thermal, "L").resize(visible.size, Image.Resampling.BICUBIC)
    return images


def _read(path: Path, mode: str) -> Image.Image:
    try:
        with open_image(path, f"image {path}", MAX_PIXELS, "the limit of a photograph") as image:
            return image.convert(mode)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"cannot read image {path}: {first_line(error)}") from None
