"""Which files the rows of an index were made of, so that one that was replaced or deleted does not pass for them."""

import hashlib
import os
import stat
from pathlib import Path
from typing import NamedTuple

from fastreid_mm.common.image_files import is_image
from fastreid_mm.errors import InputError
from fastreid_mm.retrieval.samples import Sample

_CHUNK = 1 << 20


class Source(NamedTuple):
    """The files that a row was made of, as they were then."""

    key: str
    """See :class:`~fastreid_mm.retrieval.samples.Sample`."""
    file: str
    """The full path of the sample, links in it as they are."""
    stamps: dict[str, str]
    """Modality, or "" of an image, to time, time of the entry, size and checksum of the file."""


class Member(NamedTuple):
    """A row of an index but for its vector."""

    name: str
    source: Source | None = None
    """None in indexes of earlier versions."""


def full_path(path: str) -> str:
    """Make a path begin at the root, without dots in it; links are left as they are."""
    return os.path.abspath(path)  # noqa: PTH100  no method of Path does that


def source_of(sample: Sample) -> Source:
    """Write down the files of a sample as they are now.

    Raises:
        InputError: names one that cannot be read.
    """
    stamps = {name: f"{_times(path)} {checksum(path)}" for name, path in _images(sample).items()}
    return Source(sample.key, full_path(sample.path), stamps)


def unchanged(source: Source, sample: Sample) -> bool:
    """Tell whether the files of a sample have the content they had; read only where size or times differ."""
    images = _images(sample)
    return source.stamps.keys() == images.keys() and all(
        _is_content(source.stamps[name], path) for name, path in images.items()
    )


def same_times(source: Source, sample: Sample) -> bool:
    """Tell whether the files of a sample have the sizes and times they had."""
    return all(source.stamps[name].rpartition(" ")[0] == _times(path) for name, path in _images(sample).items())


def newest(sample: Sample) -> int:
    """When the last of a sample's files was written or put where it is, in nanoseconds."""
    times = [status(path) for path in _images(sample).values()]
    return max((max(each.st_mtime_ns, each.st_ctime_ns) for each in times if each), default=0)


def place_of(member: Member) -> str:
    """Find the path at which the image of a row lies today; empty if it is gone.

    That is where it lay when it was indexed, or else its name from the working folder of today, for galleries that
    were moved together with their index.
    """
    paths = [member.source.file] if member.source else []
    return next((path for path in [*paths, member.name] if status(path)), "")


def state_of(member: Member) -> str:
    """Say what is wrong with the image of a row: gone, or changed; empty if nothing is known to be."""
    path = place_of(member)
    if not path:
        return "is gone"
    return "" if member.source is None or _is_content(_first(member.source), path) else "was changed"


def image_of(member: Member) -> str:
    """Give the path of the image of a row, to be shown.

    Whatever an index says, from wherever it comes, only what was indexed is opened: a regular file, an image by its
    suffix, of the very content that the index has a checksum of.

    Raises:
        InputError: says what is wrong with it.
    """
    path = place_of(member)
    if not path:
        raise InputError(f"{member.name} is gone")
    found = status(path)
    if found is None or not stat.S_ISREG(found.st_mode) or not is_image(path):
        raise InputError(f"{member.name} is no image")
    if member.source is None:
        raise InputError(f"{member.name} is not known to be what was indexed: repeat index_gallery")
    if checksum(path) != checksum_in(member.source):
        raise InputError(f"{member.name} was changed since it was indexed")
    return path


def checksum_in(source: Source) -> str:
    """Give the checksum of the image that is shown for a row."""
    return _first(source).rpartition(" ")[2]


def status(path: str) -> os.stat_result | None:
    """Ask the system what it knows of a path; None if it leads nowhere."""
    try:
        return Path(path).stat()
    except (OSError, ValueError):  # a name that no file can have is a ValueError
        return None


def checksum(path: str) -> str:
    """Compute the checksum of the content of a regular file.

    Raises:
        InputError: names a file that cannot be read, or is none.
    """
    digest = hashlib.sha256()
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise InputError(f"cannot read image {path}: it is no file")
        with Path(path).open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise InputError(f"cannot read image {path}: {error.strerror}") from None
    return digest.hexdigest()[:32]


def _images(sample: Sample) -> dict[str, str]:
    return {"": sample.images} if isinstance(sample.images, str) else sample.images


def _first(source: Source) -> str:
    return next(iter(source.stamps.values()))


def _is_content(stamp: str, path: str) -> bool:
    times, _, content = stamp.rpartition(" ")
    try:
        return times == _times(path) or checksum(path) == content
    except InputError:
        return False


def _times(path: str) -> str:
    found = status(path)
    return f"{found.st_mtime_ns} {found.st_ctime_ns} {found.st_size}" if found else ""
