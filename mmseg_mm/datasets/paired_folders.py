"""One RGB-D saliency data set: folders of images, depth maps and masks, which are paired by file name."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmengine.fileio import list_from_file

from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.errors import InputError, listed
from mmseg_mm.datasets.image_files import image_size

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True)
class PairedFolders:
    """The images, the depth maps and, if there are any, the masks of one data set.

    Attributes:
        name: The name of the data set in tables and errors.
        folders: The folder of each kind of file, by the key of its path in a sample: ``img_path``, ``depth_path`` and
            ``seg_map_path``.
        suffixes: The end of the file names by the same keys, or None for any image. Files are paired by the part of
            their name before the suffix.
        ann_file: A file that lists the samples, one name a line with or without an image suffix. If it is empty, every
            image is a sample.
        num_samples: The number of samples that the data set must have, if given.
        max_pixels: How many pixels a file may have.
    """

    name: str
    folders: dict[str, str]
    suffixes: dict[str, str | None]
    ann_file: str = ""
    num_samples: int | None = None
    max_pixels: int = MAX_PIXELS

    def samples(self) -> list[dict[str, str]]:
        """Return the paths of every sample by the keys of ``folders``, in the order of ``ann_file`` or of the names.

        Raises:
            InputError: A folder is missing, a file lacks a counterpart or has too many pixels, sizes differ, or the
                number of samples is not ``num_samples``.
        """
        samples = self.pairs()
        self._require_sizes(samples)
        return samples

    def pairs(self) -> list[dict[str, str]]:
        """Return the same without looking into the files, whose sizes may differ then."""
        files = {key: self._index(key) for key in self.folders}
        names = self._listed_names() if self.ann_file else sorted(set().union(*files.values()))
        self._require_pairs(names, files)
        if self.num_samples not in (None, len(names)):
            raise InputError(
                f"{self.name} in {self.folders['img_path']} has {len(names)} samples, "
                f"but num_samples={self.num_samples}"
            )
        return [{key: files[key][name] for key in files} for name in names]

    def _index(self, key: str) -> dict[str, str]:
        """Return the files of one folder by the names of their samples."""
        return files_by_name(Path(self.folders[key]), f"{self.name}: {key}", self.suffixes.get(key))

    def _listed_names(self) -> list[str]:
        """Return the names in ``ann_file``."""
        if not os.path.isfile(self.ann_file):  # noqa: PTH113  Path.is_file raises for a name that is too long
            raise InputError(f"{self.name}: ann_file {self.ann_file} does not exist")
        lines = [line.strip() for line in list_from_file(self.ann_file) if line.strip()]
        names = [_sample_name(line, self.suffixes["img_path"]) or _sample_name(line, None) or line for line in lines]
        repeated = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
        if repeated:
            raise InputError(f"{self.ann_file} lists twice: {listed(repeated, separator=', ')}")
        return names

    def _require_pairs(self, names: Sequence[str], files: dict[str, dict[str, str]]) -> None:
        """Raise an error unless every name has a file in every folder."""
        problems = []
        for key, folder in self.folders.items():
            missing = [name for name in names if name not in files[key]]
            if missing:
                known = [next((files[k][name] for k in files if name in files[k]), name) for name in missing]
                problems.append(f"{len(missing)} without a file in {folder}: {listed(known, separator=', ')}")
        if problems:
            raise InputError(f"{self.name} is not paired: {'; '.join(problems)}")

    def _require_sizes(self, samples: Sequence[dict[str, str]]) -> None:
        """Raise an error unless all files of a sample have the same size."""
        odd = []
        for sample in samples:
            sizes = {path: "{} x {}".format(*image_size(path, self.max_pixels)) for path in sample.values()}
            if len(set(sizes.values())) > 1:
                odd.append(" / ".join(f"{path} {size}" for path, size in sizes.items()))
        if odd:
            raise InputError(f"{self.name}: {len(odd)} samples of unequal sizes: {listed(odd, separator=', ')}")


def files_by_name(root: Path, what: str, suffix: str | None = None) -> dict[str, str]:
    """Return the paths of the images in a folder, in the order of their names, by the names without the suffix.

    Args:
        root: The folder.
        what: What the folder has, for errors.
        suffix: The end of the file names, or None for any image.

    Raises:
        InputError: The folder is missing or empty, or two files have the same name.
    """
    if not root.is_dir():
        raise InputError(f"{what} {root} is not a folder")
    files: dict[str, str] = {}
    for path in sorted(root.iterdir()):
        name = _sample_name(path.name, suffix)
        if name is None or path.name.startswith("."):  # macOS leaves files like "._x.jpg" in archives.
            continue
        if name in files:
            raise InputError(f"{what}: {files[name]} and {path} are the same sample")
        files[name] = str(path)
    if not files:
        raise InputError(f"{what} {root} holds no {suffix or 'images'}")
    return files


def _sample_name(path: str, suffix: str | None) -> str | None:
    """Return the part of a file name before its suffix, or None if it has another suffix."""
    if suffix:
        return path[: -len(suffix)] if path.endswith(suffix) else None
    extension = Path(path).suffix
    return path.removesuffix(extension) if extension.lower() in IMAGE_SUFFIXES else None
