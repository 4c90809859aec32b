"""What is wrong with the files of an aligned data set."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from fastreid.utils.logger import log_first_n

from fastreid_mm.common.image_headers import Headers, Size, look_at_images
from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.console import printable


@dataclass
class Findings:
    """What is wrong with the files of a part of a set.

    Attributes:
        problems: what has to be put right, a line each.
        missing: paths of files that their samples can do without.
        unequal: samples whose images have different sizes, with these; they are resized anyway.
        max_pixels: ``INPUT.MAX_PIXELS``; files of more are problems.
    """

    problems: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)
    max_pixels: int = MAX_PIXELS
    _seen: Headers = field(default_factory=lambda: Headers({}, {}))

    def look_at(self, paths: Iterable[str]) -> None:
        """Look at all files of the part at once, before :meth:`look_at_sizes` is asked for those of each sample."""
        self._seen = look_at_images(paths, self.max_pixels)

    def look_at_sizes(self, paths: list[str]) -> dict[str, Size]:
        """Path to size of a sample's files; unreadable ones become a problem."""
        sizes = {path: self._seen.sizes[path] for path in paths if path in self._seen.sizes}
        self.problems += [self._seen.problems[path] for path in paths if path in self._seen.problems]
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
                    printable(f"{part} has {what}: {len(found)}, the first: {found[0]}; {then}"),
                    name="fastreid.mm",
                    key="message",
                )
