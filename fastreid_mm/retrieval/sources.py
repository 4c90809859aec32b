"""Sources of the rows of an index: the files that they were made of, so that replaced or deleted ones are noticed."""

import hashlib
import os
import stat
from pathlib import Path
from typing import NamedTuple

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.image_files import is_image
from fastreid_mm.retrieval.samples import Sample

_CHUNK = 1 << 20


class Source(NamedTuple):
    """Files that a row was made of, as they were when it was indexed."""

    key: str
    """Key of the :class:`~fastreid_mm.retrieval.samples.Sample`."""
    file: str
    """Full path of the sample, without resolving links."""
    stamps: dict[str, str]
    """Times of change of content and entry, size and checksum of each file, by modality, "" for a single image."""


class Member(NamedTuple):
    """Row of an index without its vector."""

    name: str
    source: Source | None = None
    """Source of the row, None in indexes of earlier versions."""
    metadata: dict[str, str] | None = None
    """Text by column, such as camera and time, if the images were indexed with a table."""


def full_path(path: str) -> str:
    """Make a path absolute, without dots in it; links are not resolved."""
    return os.path.abspath(path)  # noqa: PTH100  no method of Path does that


def source_of(sample: Sample) -> Source:
    """Record the files of a sample as they are now.

    Raises:
        InputError: names a file that cannot be read.
    """
    stamps = {name: f"{_times(path)} {checksum(path)}" for name, path in sample.files.items()}
    return Source(sample.key, full_path(sample.path), stamps)


def unchanged(source: Source, sample: Sample) -> bool:
    """Tell whether the content of a sample's files is unchanged; they are read only if size or times differ."""
    images = sample.files
    return source.stamps.keys() == images.keys() and all(
        _is_content(source.stamps[name], path) for name, path in images.items()
    )


def same_times(source: Source, sample: Sample) -> bool:
    """Tell whether the files of a sample have the same sizes and times as before."""
    return all(source.stamps[name].rpartition(" ")[0] == _times(path) for name, path in sample.files.items())


def newest(sample: Sample) -> int:
    """Return the date at which the last of a sample's files was written or moved, in nanoseconds."""
    times = [status(path) for path in sample.files.values()]
    return max((max(each.st_mtime_ns, each.st_ctime_ns) for each in times if each), default=0)


def place_of(member: Member) -> str:
    """Find the current path of the image of a row; empty if it is gone.

    That is its path when it was indexed, or else its name relative to the working folder, for galleries that were moved
    together with their index.
    """
    paths = [member.source.file] if member.source else []
    return next((path for path in [*paths, member.name] if status(path)), "")


def state_of(member: Member) -> str:
    """Say whether the image of a row is gone or was changed; empty if neither is known."""
    path = place_of(member)
    if not path:
        return "is gone"
    return "" if member.source is None or _is_content(_first(member.source), path) else "was changed"


def image_of(member: Member) -> str:
    """Return the path of the image of a row, to be shown.

    Even with an index from elsewhere, only images that were indexed are opened: regular files with the suffix of an
    image, whose content has the checksum in the index.

    Raises:
        InputError: the image is gone, was changed, is no image, or is not known to be the one that was indexed.
    """
    path = place_of(member)
    if not path:
        raise InputError(f"{member.name} is gone")
    current = status(path)
    if current is None or not stat.S_ISREG(current.st_mode) or not is_image(path):
        raise InputError(f"{member.name} is no image")
    if member.source is None:
        raise InputError(f"{member.name} is not known to be what was indexed: repeat index_gallery")
    if checksum(path) != checksum_in(member.source):
        raise InputError(f"{member.name} was changed since it was indexed")
    return path


def checksum_in(source: Source) -> str:
    """Return the checksum of the image that is shown for a row."""
    return _first(source).rpartition(" ")[2]


def status(path: str) -> os.stat_result | None:
    """Return the status of a path; None if it leads nowhere."""
    try:
        return Path(path).stat()
    except (OSError, ValueError):  # a name that no file can have is a ValueError
        return None


def checksum(path: str) -> str:
    """Compute the checksum of the content of a regular file.

    Raises:
        InputError: names a file that cannot be read, or that is no regular file.
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


def _first(source: Source) -> str:
    return next(iter(source.stamps.values()))


def _is_content(stamp: str, path: str) -> bool:
    times, _, content = stamp.rpartition(" ")
    try:
        return times == _times(path) or checksum(path) == content
    except InputError:
        return False


def _times(path: str) -> str:
    current = status(path)
    return f"{current.st_mtime_ns} {current.st_ctime_ns} {current.st_size}" if current else ""
