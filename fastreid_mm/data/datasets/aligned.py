"""What the data sets of aligned samples share: every modality sees the same object at the same moment."""

import os
import re
from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from fastreid.data.datasets.bases import ImageDataset
from PIL import Image
from yacs.config import CfgNode

from fastreid_mm.data.datasets.cross_modality import require_folder
from fastreid_mm.errors import InputError, listed

JUNK = -1
"""The identity of false detections, which are neither trained nor tested on."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom."""
Size = tuple[int, int]
"""Width, height."""


class Source(NamedTuple):
    """Where one modality of a sample lies: in a box of a file, or in the whole of it."""

    path: str
    box: Box | None = None


AlignedItem = tuple[str, int, int, tuple[Source, ...]]
"""One sample: path of the first modality, identity, camera, a source a modality. The first three are fast-reid's."""


class AlignedDataset(ImageDataset):
    """A data set whose samples have one image of each modality.

    Items are ``(img_path, pid, camid, sources)``; cameras count from 0, as fast-reid's do. Every sample is checked
    when the set is built, by the headers of its files.

    Args:
        root: the folder that holds ``dataset_dir``.
        modalities: which of ``MODALITIES`` a sample has, in which order; none for all.

    Raises:
        InputError: fewer than two modalities, an unknown one or one twice; a folder is missing; or files are missing,
            unreadable, misnamed or of wrong sizes, with all their paths.
    """

    protocol = "market"
    dataset_dir: ClassVar[str]
    MODALITIES: ClassVar[tuple[str, ...]]
    """All there are, in the order of the default."""
    parts: ClassVar[tuple[str, str, str]]
    """Folders of training, query and gallery samples."""
    pattern: ClassVar[str]
    """Of file names: the groups are identity and camera, which the files count from 1."""
    example: ClassVar[str]
    """Such a name, for those whose files are named otherwise."""

    def __init__(self, root: str = "datasets", modalities: Iterable[str] = (), **kwargs):
        self.modalities = self.choose(modalities)
        self.folder = require_folder(os.path.join(root, self.dataset_dir), self.dataset_dir)
        problems: list[str] = []
        items = {part: self._items(part, problems) for part in dict.fromkeys(self.parts)}
        if problems:
            raise InputError(f"{self.dataset_dir}: {listed(problems)}")
        super().__init__(*(items[part] for part in self.parts), **kwargs)

    @classmethod
    def choose(cls, modalities: Iterable[str]) -> tuple[str, ...]:
        """The modalities that a set built with these has, checked."""
        chosen = tuple(modalities) or cls.MODALITIES
        if len(chosen) < 2 or len(set(chosen)) < len(chosen) or not set(chosen) <= set(cls.MODALITIES):
            raise InputError(f"DATASETS.ALIGNED.MODALITIES {chosen} are not two or more of {cls.__name__}'s "
                             f"{', '.join(cls.MODALITIES)}")
        return chosen

    @classmethod
    def options(cls, cfg: CfgNode) -> dict:
        """Keyword arguments of the constructor that come from the config."""
        return {"modalities": tuple(cfg.DATASETS.ALIGNED.MODALITIES)}

    def combine_all(self) -> None:
        """Add the test samples to the training samples, each once where queries are the gallery.

        Overridden: the host unpacks items of exactly three fields. Test identities are numbered on; the host's
        ``_junk_pids`` stay out.
        """
        first = 1 + max(item[1] for item in self.train)
        tested = dict.fromkeys(self.query + self.gallery)
        self._train = self.train + [(path, first + pid, *rest) for path, pid, *rest in tested
                                    if pid not in self._junk_pids]

    def samples(self, part: str) -> dict[str, tuple[Source, ...]]:
        """Name to sources of every sample in the folder of a part, in the order of names."""
        raise NotImplementedError

    def size_problems(self, sizes: dict[str, Size]) -> list[str]:
        """What is wrong with the sizes of a sample's files; here they must be equal."""
        if len(set(sizes.values())) < 2:
            return []
        return ["different sizes: " + ", ".join(f"{path} is {w} x {h}" for path, (w, h) in sizes.items())]

    def _items(self, part: str, problems: list[str]) -> list[AlignedItem]:
        """The samples of a part; whatever is wrong with them is added to ``problems``."""
        items = []
        for name, sources in self.samples(part).items():
            match = re.fullmatch(self.pattern, name)
            if match is None:
                there = [path for path in _paths(sources) if os.path.exists(path)]
                problems += [f"{path} is not named like {self.example}" for path in there]
            elif int(match[1]) != JUNK:
                problems += self._file_problems(sources)
                items.append((sources[0].path, int(match[1]), int(match[2]) - 1, sources))
        if not items:
            problems.append(f"{os.path.join(self.folder, part)} has no samples")
        return items

    def _file_problems(self, sources: tuple[Source, ...]) -> list[str]:
        sizes, problems = {}, []
        for path in _paths(sources):
            try:
                sizes[path] = _image_size(path)
            except InputError as error:
                problems.append(str(error))
        return problems or self.size_problems(sizes)


def list_images(folder: str) -> list[str]:
    """Names of the JPEG files in a folder, sorted; it holds other files too where somebody has looked at it."""
    return sorted(name for name in os.listdir(folder) if name.lower().endswith(".jpg"))


def _paths(sources: tuple[Source, ...]) -> list[str]:
    return list(dict.fromkeys(source.path for source in sources))


def _image_size(path: str) -> Size:
    """From the header alone: opening is lazy."""
    try:
        with Image.open(path) as image:
            return image.size
    except FileNotFoundError:
        raise InputError(f"{path} is missing") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise InputError(f"{path} is not a readable image") from None
