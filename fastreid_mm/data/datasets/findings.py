"""What is wrong with the files of an aligned data set."""

import logging
from dataclasses import dataclass, field

from fastreid.utils.logger import log_first_n
from PIL import Image

from fastreid_mm.errors import InputError

Size = tuple[int, int]
"""Width, height."""


@dataclass
class Findings:
    """What is wrong with the files of a part of a set.

    Attributes:
        problems: what has to be put right, a line each.
        missing: paths of files that their samples can do without.
        unequal: samples whose images have different sizes, with these; they are resized anyway.
    """

    problems: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)

    def look_at_sizes(self, paths: list[str]) -> dict[str, Size]:
        """Path to size of a sample's files; unreadable ones become a problem."""
        sizes = {}
        for path in paths:
            try:
                sizes[path] = _image_size(path)
            except InputError as error:
                self.problems.append(str(error))
        if len(set(sizes.values())) > 1:
            self.unequal.append(", ".join(f"{path} is {width} x {height}" for path, (width, height) in sizes.items()))
        return sizes

    def refusals(self, complete: bool) -> list[str]:
        """The problems, and for a set that must be complete everything else too."""
        if not complete:
            return self.problems
        return [
            *self.problems,
            *(f"{path} is missing" for path in self.missing),
            *(f"different sizes: {sizes}" for sizes in self.unequal),
        ]

    def warn(self, part: str, without: str) -> None:
        """Say how much is missing or unequal, and the first of it; once, as a set is built several times in a run.

        Args:
            part: of the set, for the message.
            without: what becomes of samples that lack a file.
        """
        for found, what, then in (
            (self.missing, "missing files", f"their samples are {without}"),
            (self.unequal, "samples with images of different sizes", "all are resized alike"),
        ):
            if found:
                log_first_n(
                    logging.WARNING,
                    f"{part} has {what}: {len(found)}, the first: {found[0]}; {then}",
                    name="fastreid.mm",
                    key="message",
                )


def _image_size(path: str) -> Size:
    """From the header alone: opening is lazy."""
    try:
        with Image.open(path) as image:
            return image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise InputError(f"{path} is not a readable image") from None
