"""Base class of data sets of aligned samples, in which every modality shows the same object at the same moment."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from fastreid.data.datasets.bases import ImageDataset
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.image_files import NUMBER, LeftOut, images_by_stem
from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.data.datasets.findings import Findings, Size
from fastreid_mm.data.datasets.set_folders import MADE, require_folder, require_named, warn_of_left_out
from fastreid_mm.data.items import Item, Source, as_items
from fastreid_mm.evaluation.hidden_images import JUNK


class AlignedDataset(ImageDataset):
    """Data set whose samples have one image of each modality.

    Each :class:`Item` has ``sources``; cameras count from 0, as fast-reid's do. Every sample is checked when the set is
    built, by the headers of its files. Downloads may lack the file of a modality, or have modalities of different
    sizes, for example generated ones: a warning gives the number and the first of them. Samples that lack a modality
    are tested, but not trained on; different sizes are resized to the same.

    Args:
        root: the folder that holds ``dataset_dir``.
        modalities: the modalities of a sample, some of ``MODALITIES`` in any order; all if empty.
        complete: whether to refuse the set instead of these warnings.
        max_pixels: the largest number of pixels of a file, ``INPUT.MAX_PIXELS``.

    Raises:
        InputError: fewer than two modalities, an unknown one or one twice; a folder is missing or there twice; two
            images differ only in their suffix; files are unreadable or misnamed (or, for a complete set, missing or of
            different sizes), with all their paths; or no training sample has all modalities.
    """

    left_out: LeftOut
    """Files and folders in the set's folder that are none of its images."""

    protocol = "market"
    dataset_dir: ClassVar[str]
    MODALITIES: ClassVar[tuple[str, ...]]
    """All modalities of the set, in the default order."""
    parts: ClassVar[tuple[str, str, str]]
    """Folders of training, query and gallery samples."""
    below: ClassVar[tuple[str, ...]] = ()
    """Folder that the parts are in, if they are not in the set's own."""
    pattern: ClassVar[str]
    """Pattern of file names, as if all ended in .jpg: its groups are the whole numbers of identity and camera. If there
    is a scene, too, camera and scene are groups with these names."""
    first_camera: ClassVar[int] = 1
    """Number of the first camera in file names."""
    example: ClassVar[str]
    """Example of a file name, for error messages."""

    def __init__(
        self,
        root: str = "datasets",
        modalities: Iterable[str] = (),
        complete: bool = False,
        max_pixels: int = MAX_PIXELS,
        **kwargs,
    ) -> None:
        self.modalities = self.choose(modalities)
        self.left_out = LeftOut()
        findings = {part: Findings(max_pixels=max_pixels) for part in self.parts}
        items = self.read(root, findings)
        problems = [each for of_part in findings.values() for each in of_part.refusals(complete)]
        if problems:
            raise InputError(f"{self.name}: {listed(problems)}")
        for part, of_part in findings.items():
            treatment = "not trained on" if part == self.parts[0] else "compared by what they have"
            of_part.warn(self.place(part), treatment)
        train, query, gallery = (items[part] for part in self.parts)
        super().__init__(self._trainable(train), query, gallery, **kwargs)
        warn_of_left_out(self.left_out, self.name)

    @classmethod
    def choose(cls, modalities: Iterable[str]) -> tuple[str, ...]:
        """Check a choice of modalities and return it, or all modalities if it is empty.

        Raises:
            InputError: fewer than two modalities, an unknown one or one twice.
        """
        chosen = tuple(modalities) or cls.MODALITIES
        if len(chosen) < 2 or len(set(chosen)) < len(chosen) or not set(chosen) <= set(cls.MODALITIES):
            raise InputError(
                f"DATASETS.ALIGNED.MODALITIES {chosen} are not two or more of {cls.__name__}'s "
                f"{', '.join(cls.MODALITIES)}"
            )
        return chosen

    @classmethod
    def options(cls, cfg: CfgNode) -> dict:
        """Return the keyword arguments of the constructor that come from the config."""
        options = cfg.DATASETS.ALIGNED
        return {
            "modalities": tuple(options.MODALITIES),
            "complete": options.COMPLETE,
            "max_pixels": cfg.INPUT.MAX_PIXELS,
        }

    def read(self, root: str, findings: Mapping[str, Findings]) -> dict[str, list[Item]]:
        """Read the samples of each part, and add everything that is wrong with their files to the findings."""
        self.folder = require_folder(os.path.join(root, self.dataset_dir), self.dataset_dir)
        self.part_folders = self._find(self.folder, self.below or self.parts, beside=(MADE,))
        for folder in self.below:
            self.part_folders = self._find(self.part_folders[folder], self.parts)
        return {part: self._items(part, of_part) for part, of_part in findings.items()}

    @property
    def name(self) -> str:
        """Name of the set for messages."""
        return self.dataset_dir

    def place(self, part: str) -> str:
        """Say where the samples of a part are."""
        return os.path.join(self.folder, part)

    def combine_all(self) -> None:
        """Add the test samples to the training samples, each once even if it is in query and gallery.

        Overridden, as the host unpacks items of exactly three fields. The numbers of test identities follow those of
        training identities; the host's ``_junk_pids`` and samples that lack a modality are left out.
        """
        first = 1 + max(item[1] for item in self.train)
        tested = dict.fromkeys(item for item in as_items(self.query + self.gallery) if None not in item.sources)
        self._train = self.train + [
            item._replace(pid=first + item.pid) for item in tested if item.pid not in self._junk_pids
        ]

    def samples(self, part: str) -> dict[str, tuple[Source, ...]]:
        """Find the sources of every sample in the folder of a part, by name and in the order of names."""
        raise NotImplementedError

    def _find(self, folder: str, names: Iterable[str], known: Iterable[str] = (), **options: Any) -> dict[str, str]:
        """Find the paths of folders by their names, see :func:`require_named`."""
        return require_named(folder, names, known, self.left_out, self.dataset_dir, **options)

    def _side_by_side(self, folders: Sequence[str]) -> dict[str, tuple[Source, ...]]:
        """Find the sources of samples by file name, whose images have the same name without suffix in all folders."""
        images = [images_by_stem(folder, self.left_out) if os.path.isdir(folder) else {} for folder in folders]
        samples = {}
        for stem in sorted(set().union(*images)):
            name = os.path.basename(next(paths[stem] for paths in images if stem in paths))
            samples[name] = tuple(
                Source(paths.get(stem, os.path.join(folder, name))) for folder, paths in zip(folders, images)
            )
        return samples

    def size_problems(self, sizes: dict[str, Size]) -> list[str]:
        """List problems of the sizes of a sample's files, other than that they differ."""
        return []

    def _items(self, part: str, findings: Findings) -> list[Item]:
        """List the items of a part, and add everything that is wrong with its files to the findings."""
        items, samples = [], self.samples(part)
        findings.look_at(source.path for sources in samples.values() for source in sources)
        for name, sources in samples.items():
            match = self._match(name)
            present = tuple(source if os.path.exists(source.path) else None for source in sources)
            paths = list(dict.fromkeys(source.path for source in present if source))
            if match is None:
                findings.problems += [f"{path} is not named like {self.example}" for path in paths]
            elif int(match[1]) != JUNK:
                findings.missing += [source.path for source in sources if source not in present]
                findings.problems += self.size_problems(findings.look_at_sizes(paths))
                scene = int(match["scene"]) if "scene" in match.re.groupindex else None
                camera = int(match[_camera_group(match)]) - self.first_camera
                items.append(Item(paths[0], int(match[1]), camera, sources=present, scene=scene))
        if not items:
            findings.problems.append(f"{self.place(part)} has no samples")
        return items

    def _match(self, name: str) -> re.Match | None:
        """Match a name with the pattern; None if a group is only a part of a number, as the 1 of camera 10."""
        name = f"{os.path.splitext(name)[0]}.jpg"
        match = re.fullmatch(self.pattern, name, re.ASCII | re.IGNORECASE)
        parts = match and any(
            name[: match.start(group)].rstrip("0")[-1:].isdigit()
            or name[match.end(group) :][:1].isdigit()
            or not re.fullmatch(f"{JUNK}|{NUMBER}", match[group])
            for group in (1, _camera_group(match))
        )
        return None if parts else match

    def _trainable(self, items: list[Item]) -> list[Item]:
        """Return the samples that have all modalities, or refuse a set that has none."""
        complete = [item for item in items if None not in item.sources]
        if items and not complete:
            raise InputError(
                f"{self.name}: no sample of {self.place(self.parts[0])} has all of {', '.join(self.modalities)}"
            )
        return complete


def _camera_group(match: re.Match) -> int | str:
    return "camera" if "camera" in match.re.groupindex else 2
