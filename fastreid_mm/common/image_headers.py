"""Check of many image files before they are needed: of their headers and ends, in parallel, each file once.

The sizes of good files are remembered by path, length and date of change, in a text file in the user's cache folder.
If that is lost or damaged, the files are checked again.
"""

import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from itertools import chain
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, NamedTuple

from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.common.pixels import MAX_PIXELS, open_image, require_pixels

Size = tuple[int, int]
"""Width and height of an image."""

_THREADS = 4  # a check waits for the disk, and holds Python's lock for the rest
_JPEG_END = b"\xff\xd9"
_PNG_END = b"IEND\xaeB`\x82"
_KEY = "INPUT.MAX_PIXELS"
_HEAD, _TAIL = 14, 12  # bytes


class Seen(NamedTuple):
    """Properties of a good file when it was checked."""

    bytes: int
    changed: int
    """Date of the last change, in nanoseconds since 1970."""
    width: int
    height: int


class Headers(NamedTuple):
    """Result of a check of image files.

    Attributes:
        sizes: the sizes by path of the files that can be read.
        problems: a line by path for each file that cannot be read.
    """

    sizes: dict[str, Size]
    problems: dict[str, str]


def look_at_images(paths: Iterable[str], max_pixels: int = MAX_PIXELS) -> Headers:
    """Find out which of many image files can be read, and their sizes, without decoding those that look whole.

    A file is whole by its end (JPEG, PNG) or by the length that its header gives (BMP, WebP). Other files are decoded.

    Args:
        paths: the paths of the files.
        max_pixels: ``INPUT.MAX_PIXELS``; a file with more pixels is not decoded and is a problem.
    """
    wanted = list(dict.fromkeys(paths))
    place = _cache_file(wanted)
    known = _remembered(place)

    def look(share: Sequence[str]) -> list[tuple[str, Seen | str]]:
        return [(path, _look(path, known, max_pixels)) for path in share]

    with ThreadPoolExecutor(_THREADS) as pool:
        shares = (wanted[first::_THREADS] for first in range(_THREADS))
        results = dict(chain.from_iterable(pool.map(look, shares)))
    good = {path: seen for path, seen in results.items() if isinstance(seen, Seen)}
    if any(known.get(os.path.abspath(path)) != seen for path, seen in good.items()):
        _remember(place, known | {os.path.abspath(path): seen for path, seen in good.items()})
    sizes = {path: (good[path].width, good[path].height) for path in wanted if path in good}
    return Headers(sizes, {path: printable(str(results[path])) for path in wanted if path not in good})


def _look(path: str, known: dict[str, Seen], max_pixels: int) -> Seen | str:
    """Check a file: return its properties to remember, or a line that says what is wrong with it."""
    try:
        status = os.stat(path)
        seen = known.get(os.path.abspath(path))
        if seen and (seen.bytes, seen.changed) == (status.st_size, status.st_mtime_ns):
            require_pixels((seen.width, seen.height), f"image {path}", max_pixels, _KEY)
            return seen
        if not S_ISREG(status.st_mode):  # a pipe would be waited for
            return f"{path} is not a readable image: it is no file"
        width, height = _size(path, status.st_size, max_pixels)
    except FileNotFoundError:
        return f"{path} is not a readable image: it does not exist"
    except InputError as error:
        return str(error)
    except Exception as error:  # a damaged header raises nearly anything, struct.error and KeyError among it
        return f"{path} is not a readable image: {first_line(error)}"
    return Seen(status.st_size, status.st_mtime_ns, width, height)


def _size(path: str, length: int, max_pixels: int) -> Size:
    if not length:
        raise InputError(f"{path} is not a readable image: the file is empty")
    with open_image(path, f"image {path}", max_pixels, _KEY) as image:  # which decodes nothing yet
        size = image.size
        with open(path, "rb") as file:
            whole = _is_whole(image.format, file, length)
        if not whole:
            image.load()
        return size


def _is_whole(kind: str | None, file: BinaryIO, length: int) -> bool:
    """Tell whether a file has all its bytes, as far as its format shows that."""
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(-min(_TAIL, length), os.SEEK_END)
    tail = file.read(_TAIL)
    if kind == "BMP":
        return 0 < int.from_bytes(head[2:6], "little") <= length
    if kind == "WEBP":
        return int.from_bytes(head[4:8], "little") + 8 <= length
    return (kind == "JPEG" and tail.endswith(_JPEG_END)) or (kind == "PNG" and tail.endswith(_PNG_END))


def _cache_file(paths: Sequence[str]) -> Path:
    """Return the path of the cache file, of which there is one for the folder that all the paths are in."""
    folder = os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in paths]) if paths else ""
    name = sha256(os.fsencode(folder)).hexdigest()[:32]
    cache = os.getenv("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(cache, "fastreid-mm", "images", f"{name}.json")


def _remembered(place: Path) -> dict[str, Seen]:
    """Read the cache file: properties by absolute path, without entries that cannot be understood."""
    try:
        content = json.loads(place.read_text(encoding="ascii"))
        return {path: Seen(*numbers) for path, numbers in content.items() if _is_seen(numbers)}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}


def _is_seen(numbers: object) -> bool:
    return isinstance(numbers, list) and len(numbers) == 4 and all(type(number) is int for number in numbers)


def _remember(place: Path, seen: dict[str, Seen]) -> None:
    """Write the cache file as a whole, if its folder can be written to."""
    with suppress(OSError):  # if a home cannot be written to, each run checks all files again
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor, part = tempfile.mkstemp(dir=place.parent)  # a unique name, as several processes may write
        try:
            with open(descriptor, "w", encoding="ascii") as file:
                json.dump(seen, file)
            os.replace(part, place)
        except OSError:
            os.unlink(part)
            raise
