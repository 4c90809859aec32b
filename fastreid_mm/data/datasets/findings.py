"""Record of everything that is wrong with the files of an aligned data set."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from fastreid_mm.common.console import printable
from fastreid_mm.common.image_headers import Headers, Size, look_at_images
from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.common.warn_once import warn_once


@dataclass
class Findings:
    """Record of everything that is wrong with the files of a part of a set.

    Attributes:
        problems: a line for each problem that has to be put right.
        missing: paths of missing files, without which their samples can still be tested.
        unequal: a line with the sizes for each sample whose images differ in size; they are resized anyway.
        max_pixels: ``INPUT.MAX_PIXELS``; files with more are problems.
    """

    problems: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)
    max_pixels: int = MAX_PIXELS
    _seen: Headers = field(default_factory=lambda: Headers({}, {}))

    def look_at(self, paths: Iterable[str]) -> None:
        """Check all files of the part at once, before :meth:`look_at_sizes` is called for those of each sample."""
        self._seen = look_at_images(paths, self.max_pixels)

    def look_at_sizes(self, paths: list[str]) -> dict[str, Size]:
        """Return the sizes by path of a sample's files, and record problems and differences."""
        sizes = {path: self._seen.sizes[path] for path in paths if path in self._seen.sizes}
        self.problems += [self._seen.problems[path] for path in paths if path in self._seen.problems]
        if len(set(sizes.values())) > 1:
            self.unequal.append(", ".join(f"{path} is {width} x {height}" for path, (width, height) in sizes.items()))
        return sizes

    def refusals(self, complete: bool) -> list[str]:
        """List the problems, and for a set that must be complete missing files and different sizes, too."""
        if not complete:
            return self.problems
        return [
            *self.problems,
            *(f"{path} is missing" for path in self.missing),
            *(f"different sizes: {sizes}" for sizes in self.unequal),
        ]

    def warn(self, part: str, without: str) -> None:
        """Warn of missing files and different sizes; once, as a set is built several times in a run.

        Args:
            part: the folder of the part, for the message.
            without: the treatment of samples that lack a file, for the message.
        """
        for lines, what, then in (
            (self.missing, "missing files", f"their samples are {without}"),
            (self.unequal, "samples with images of different sizes", "all are resized alike"),
        ):
            if lines:
                warn_once(printable(f"{part} has {what}: {len(lines)}, the first: {lines[0]}; {then}"))
