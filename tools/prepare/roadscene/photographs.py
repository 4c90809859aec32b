"""Photographs of RoadScene: aligned visible and thermal street photographs of the same size and name.

Source: https://github.com/hanna-xu/RoadScene, folders ``crop_LR_visible`` and ``cropinfrared``.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.image_files import LeftOut, images_by_stem
from fastreid_mm.common.pixels import MAX_PIXELS, open_image

VISIBLE_FOLDER, THERMAL_FOLDER = "crop_LR_visible", "cropinfrared"
MIN_WIDTH, MIN_HEIGHT = 192, 128
MIN_PAIRS = 4
_SHOWN = 8


@dataclass(frozen=True)
class Pair:
    """Scene, photographed twice from the same spot at the same time."""

    visible: Path
    thermal: Path

    def load(self) -> tuple[Image.Image, Image.Image]:
        """Read the RGB and the grey photograph."""
        with _open(self.visible) as visible, _open(self.thermal) as thermal:
            return visible.convert("RGB"), thermal.convert("L")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of both photographs, read from the visible one's header."""
        with _open(self.visible) as visible:
            return visible.size


def find_pairs(source: str | Path) -> list[Pair]:
    """List a RoadScene clone's photographs in the order of their names, at least four pairs, after checking each.

    Standard error says how many other files are in its folders.

    Args:
        source: the clone, which holds ``crop_LR_visible`` and ``cropinfrared``.

    Raises:
        InputError: a folder is missing, or photographs are without partner, unreadable, of unequal sizes or smaller
            than 192 x 128, all of them named in one message; or there are fewer pairs than a split needs.
    """
    source, left_out = Path(source), LeftOut()
    visible, thermal = (_photographs(source / name, left_out) for name in (VISIBLE_FOLDER, THERMAL_FOLDER))
    if left_out.found:
        print(left_out, file=sys.stderr)
    problems = [
        f"{_short(photographs[stem])} has no partner in {other}"
        for photographs, others, other in ((visible, thermal, THERMAL_FOLDER), (thermal, visible, VISIBLE_FOLDER))
        for stem in photographs.keys() - others.keys()
    ]
    pairs = [Pair(visible[stem], thermal[stem]) for stem in sorted(visible.keys() & thermal.keys())]
    problems += [problem for pair in pairs for problem in _problems(pair)]
    if problems:
        raise InputError(f"{source} cannot be used: {listed(sorted(problems), _SHOWN)}")
    if len(pairs) < MIN_PAIRS:
        raise InputError(f"{source} holds {len(pairs)} pairs of photographs, at least {MIN_PAIRS} are needed")
    return pairs


def files_of(pairs: list[Pair]) -> list[Path]:
    """List every photograph, the visible and the thermal one of a pair in turn."""
    return [path for pair in pairs for path in (pair.visible, pair.thermal)]


def _photographs(folder: Path, left_out: LeftOut) -> dict[str, Path]:
    """List the paths of photographs by name without suffix."""
    if not folder.is_dir():
        raise InputError(f"no folder {folder}: a clone of RoadScene has it")
    return {stem: Path(path) for stem, path in images_by_stem(str(folder), left_out).items()}


def _problems(pair: Pair) -> list[str]:
    sizes = {path: _size(path) for path in (pair.visible, pair.thermal)}
    unreadable = [path for path, size in sizes.items() if size is None]
    if unreadable:
        return [f"{_short(path)} is not a readable image" for path in unreadable]
    visible, thermal = sizes.values()
    if visible != thermal:
        return [f"{_short(pair.visible)} is {_by(visible)} but {_short(pair.thermal)} is {_by(thermal)}"]
    if visible[0] < MIN_WIDTH or visible[1] < MIN_HEIGHT:
        return [f"{_short(pair.visible)} is {_by(visible)}, smaller than {MIN_WIDTH} x {MIN_HEIGHT}"]
    return []


def _open(path: Path) -> Image.Image:
    return open_image(path, f"image {path}", MAX_PIXELS, "the limit of a photograph")


def _size(path: Path) -> tuple[int, int] | None:
    try:
        with _open(path) as image:
            image.load()  # the header of a truncated file is fine
            return image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _short(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
