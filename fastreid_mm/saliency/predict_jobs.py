"""Files of a prediction: what is read and what is written for each image."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.image_files import LeftOut, list_folder
from fastreid_mm.saliency.paired_folders import PairedFolders, sample_name
from fastreid_mm.saliency.write_image import require_writable_name


class Job(NamedTuple):
    """Paths of an image, of its second modality, which may be missing, and of its saliency map."""

    image: Path
    second: Path | None
    out: Path
    alone: bool
    """Whether it is the only one, and no part of a folder."""

    def beside(self, kind: str) -> Path:
        """Return the path of another picture: ``map_KIND.png`` of a single image, else ``KIND/NAME.png``."""
        if self.alone:
            return self.out.with_name(f"{self.out.stem}_{kind}.png")
        return self.out.parent / kind / f"{self.out.stem}.png"


class Names(NamedTuple):
    """Ends of file names: those of images and second modalities, ``None`` for any, and the suffix of maps."""

    image: str | None = None
    second: str | None = None
    map: str = ".png"


def find_jobs(image: Path, second: Path | None, out: Path, names: Names) -> list[Job]:
    """Return the files to read and to write for each image, videos and frames in the order of their numbers.

    Args:
        image: a file, a folder of images, or a folder of such folders.
        second: likewise, or None if there is no second modality.
        out: likewise.
        names: the ends of the names in folders.

    Raises:
        InputError: a file or folder is missing, has no counterpart, or would be written over.
    """
    for path in filter(None, (image, second)):
        if not path.exists():
            raise InputError(f"{path} does not exist")
        if out.resolve() == path.resolve():
            raise InputError(f"{out} is what is read, and would be written over: maps need another place")
    if second is not None and image.is_dir() != second.is_dir():
        raise InputError(f"{image} and {second} must be two files or two folders")
    if not image.is_dir():
        require_writable_name(out)
        return [Job(image, second, out, alone=True)]
    left_out = LeftOut()
    jobs = list(_of_folder(image, second, out, names, left_out))
    if left_out.found:
        print(left_out, file=sys.stderr)
    return jobs


def _of_folder(image: Path, second: Path | None, out: Path, names: Names, left_out: LeftOut) -> Iterator[Job]:
    """List the jobs of a folder of images or, if it has no image, of the folders in it."""
    folders, images = list_folder(str(image), LeftOut())
    if folders and not images:
        for name in sorted(folders, key=natural_order):
            other = None if second is None else second / name
            if other is not None and not other.is_dir():
                raise InputError(f"{image / name} has no counterpart: {other} is not a folder")
            yield from _of_folder(image / name, other, out / name, names, left_out)
        return
    kinds = {"img_path": image} | ({} if second is None else {"second": second})
    suffixes = {"img_path": names.image, "second": names.second}
    found = PairedFolders("input", {key: str(folder) for key, folder in kinds.items()}, suffixes, left_out=left_out)
    for pair in sorted(found.pairs(), key=lambda pair: natural_order(Path(pair["img_path"]).name)):
        path, beside = Path(pair["img_path"]), pair.get("second")
        name = (sample_name(path.name, names.image) or path.stem) + names.map
        yield Job(path, None if beside is None else Path(beside), out / name, alone=False)


def natural_order(name: str) -> list[str | int]:
    """Return the key by which names are in the order of the numbers in them: frame2 before frame10."""
    return [int(part) if index % 2 else part for index, part in enumerate(re.split("([0-9]+)", name))]
