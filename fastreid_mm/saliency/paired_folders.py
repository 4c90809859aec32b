"""Saliency data set in folders of images, second modalities and masks, which are paired by file name."""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.image_files import SUFFIXES, LeftOut, list_folder
from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.common.text_lines import read_lines
from fastreid_mm.saliency.image_files import image_size


@dataclass(frozen=True)
class PairedFolders:
    """Images with depth maps or thermal images and, if there are any, masks of one data set.

    Attributes:
        name: the name of the data set in tables and errors.
        folders: the folder of each kind of file, by the key of its path in a sample: ``img_path``, ``depth_path`` or
            ``thermal_path``, and ``seg_map_path``.
        suffixes: the end of the file names by the same keys, ignoring case, as "_depth.png", or "_depth" for images of
            any format, or None for any image. Files are paired by the part of their name before the suffix.
        ann_file: a file that lists the samples, one on each line: a name with or without a suffix, the path of a file,
            or the paths of all its files. If empty, every image is a sample.
        num_samples: the number of samples that the data set must have, if given.
        max_pixels: the largest number of pixels of a file.
        left_out: is given the files in the folders that belong to no sample.
    """

    name: str
    folders: dict[str, str]
    suffixes: dict[str, str | None]
    ann_file: str = ""
    num_samples: int | None = None
    max_pixels: int = MAX_PIXELS
    left_out: LeftOut = field(default_factory=LeftOut)

    def samples(self) -> list[dict[str, str]]:
        """Return the paths of every sample by the keys of ``folders``, in the order of ``ann_file`` or of the names.

        Raises:
            InputError: a folder is missing, a file lacks a counterpart or has too many pixels, sizes differ, or the
                number of samples is not ``num_samples``.
        """
        samples = self.pairs()
        self._require_sizes(samples)
        return samples

    def pairs(self) -> list[dict[str, str]]:
        """Return the samples without checking the sizes of files."""
        files = {key: self._index(key) for key in self.folders}
        names = self._listed_names(files["img_path"]) if self.ann_file else sorted(set().union(*files.values()))
        self._require_pairs(names, files)
        if self.num_samples not in (None, len(names)):
            raise InputError(
                f"{self.name} in {self.folders['img_path']} has {len(names)} samples, "
                f"but num_samples={self.num_samples}"
            )
        return [{key: files[key][name] for key in files} for name in names]

    def _index(self, key: str) -> dict[str, str]:
        """Return the files of one folder by the names of their samples."""
        folder = os.path.normpath(self.folders[key])
        others = [self.suffixes.get(k) for k, other in self.folders.items() if os.path.normpath(other) == folder]
        what = f"{self.name}: {key}"
        return files_by_name(Path(self.folders[key]), what, self.left_out, self.suffixes.get(key), others)

    def _listed_names(self, images: dict[str, str]) -> list[str]:
        """Return the names in ``ann_file``, whose images are ``known``."""
        if not os.path.isfile(self.ann_file):  # noqa: PTH113  Path.is_file raises for a name that is too long
            raise InputError(f"{self.name}: ann_file {self.ann_file} does not exist")
        names = [self._listed_name(line, images) for _, line in read_lines(self.ann_file, "list of names")]
        repeated = sorted(name for name, times in Counter(names).items() if times > 1)
        if repeated:
            raise InputError(f"{self.ann_file} lists twice: {listed(repeated, separator=', ')}")
        return names

    def _listed_name(self, line: str, images: dict[str, str]) -> str:
        """Return the name of the sample that a line stands for, or the line itself if there is no such sample."""
        whole = next((name for name in self._candidates(line) if name in images), None)
        columns = {next((name for name in self._candidates(part) if name in images), part) for part in line.split()}
        return whole or (columns.pop() if len(columns) == 1 else line)

    def _candidates(self, text: str) -> list[str]:
        """Return the names of samples that a name or path may stand for."""
        names = (text, re.split(r"[/\\]", text)[-1])
        samples = [sample_name(name, suffix) for name in names for suffix in (*self.suffixes.values(), None)]
        return [*(name for name in samples if name is not None), *map(_composed, names)]

    def _require_pairs(self, names: Sequence[str], files: dict[str, dict[str, str]]) -> None:
        """Raise an error unless every name has a file in every folder."""
        problems = []
        for key, folder in self.folders.items():
            missing = [name for name in names if name not in files[key]]
            if missing:
                examples = [next((files[k][name] for k in files if name in files[k]), name) for name in missing]
                problems.append(f"{len(missing)} without a file in {folder}: {listed(examples, separator=', ')}")
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


def files_by_name(
    root: Path, what: str, left_out: LeftOut, suffix: str | None = None, others: Sequence[str | None] = ()
) -> dict[str, str]:
    """Return the paths of the images in a folder, in the order of their names, by the names without the suffix.

    Args:
        root: the folder.
        what: what the folder has, for errors.
        left_out: is given all other files in the folder.
        suffix: the end of the file names, ignoring case, or None for any image.
        others: the suffixes of all kinds of files in the same folder.

    Raises:
        InputError: the folder is missing or empty, or two files have the same name.
    """
    if not root.is_dir():
        raise InputError(f"{what} {root} is not a folder")
    known_suffixes = (*SUFFIXES, *(Path(one).suffix.lower() for one in (suffix, *others) if one and Path(one).suffix))
    folders, images = list_folder(str(root), left_out, known_suffixes)
    for folder in folders:
        left_out.add(str(root / folder), "a folder where images are")
    files: dict[str, str] = {}
    for file in images:
        name, path = sample_name(file, suffix), str(root / file)
        if name is None:
            if not any(sample_name(file, other) is not None for other in others):
                left_out.add(path, f"its name does not end in {' or '.join(map(str, others))}")
        elif name in files:
            raise InputError(f"{what}: {files[name]} and {path} are the same sample")
        else:
            files[name] = path
    if not files:
        raise InputError(f"{what} {root} holds no {suffix or 'images'}")
    return files


def sample_name(file: str, suffix: str | None = None) -> str | None:
    """Return the part of a file name before its suffix, or None if it has another suffix.

    Args:
        file: the name of the file.
        suffix: the end of the name, ignoring case, with the format or without; None for any image.
    """
    form = Path(file).suffix
    whole = suffix is not None and Path(suffix).suffix != ""
    end = (suffix or "") + ("" if whole else form)
    if not (whole or form.lower() in SUFFIXES) or not file.lower().endswith(end.lower()):
        return None
    return _composed(file[: len(file) - len(end)])


def _composed(name: str) -> str:
    """Normalize the accents of a name: systems differ in whether "é" is one character or two."""
    return unicodedata.normalize("NFC", name)
