"""File ``PATH.json`` beside an index ``PATH``, with the identity and kind of the vectors, and the source of each."""

import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.whole_file import write_text
from fastreid_mm.retrieval.identity import Identity, identity_from
from fastreid_mm.retrieval.sources import Member, Source

_CHUNK = 1 << 24
_CHECKSUM = ', "checksum": '


class Side(NamedTuple):
    """Content of the file."""

    identity: Identity
    kind: str
    members: list[Member]
    index_checksum: str
    """Checksum of the index that the file belongs to; empty in files of earlier versions."""


def write_side(path: Path, side: Side) -> None:
    """Write the file as a whole, with a checksum of its content at its end."""
    content: dict[str, object] = {
        "identity": side.identity._asdict(),
        "kind": side.kind,
        "names": [member.name for member in side.members],
        "sources": [source_json(member.source) for member in side.members],
        "index": side.index_checksum,
    }
    if any(member.metadata for member in side.members):
        content["metadata"] = [member.metadata for member in side.members]
    text = json.dumps(content)[:-1]
    write_text(str(path), f'{text}{_CHECKSUM}"{text_checksum(text)}"}}')


def read_side(path: Path) -> Side:
    """Read a file written by :func:`write_side`, of this version or an earlier one.

    Raises:
        InputError: the file cannot be read, is truncated or damaged, or is not of an index.
    """
    try:
        text = path.read_bytes().decode()
        saved = json.loads(text)
    except (ValueError, RecursionError):  # the latter if it is nested too deep
        raise InputError(f"{path} is truncated or not of an index: it is no JSON that can be read") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    if not isinstance(saved, dict) or not {"identity", "kind", "names"} <= saved.keys():
        raise InputError(f"{path} is truncated or not of an index: it lacks identity, kind or names")
    identity = identity_from(saved["identity"], path)
    if not isinstance(saved["kind"], str):
        raise InputError(f"{path} is not of an index: kind is no text")
    members = _members(saved["names"], saved.get("sources"), saved.get("metadata"), path)
    if "checksum" in saved and saved["checksum"] != text_checksum(text.rpartition(_CHECKSUM)[0]):
        raise InputError(f"{path} was damaged or changed since it was written; index again under another name")
    return Side(identity, saved["kind"], members, str(saved.get("index", "")))


def text_checksum(text: str) -> str:
    """Compute the checksum of a text, against damage."""
    return f"{zlib.crc32(text.encode()):08x}"


def file_checksum(path: str) -> str:
    """Compute the checksum of a file's content, against damage."""
    value = 0
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK):
            value = zlib.crc32(chunk, value)
    return f"{value:08x}"


def source_json(source: Source | None) -> list | None:
    """Convert a source to a list of key, file and stamps for JSON; the key is empty if it is the file."""
    return source and ["" if source.key == source.file else source.key, source.file, source.stamps]


def source_from(saved: Any, path: object) -> Source | None:
    """Convert the result of :func:`source_json` back to a source.

    Raises:
        InputError: it is no such result; names the file.
    """
    if saved is None:
        return None
    if not (isinstance(saved, list) and len(saved) == 3 and isinstance(saved[2], dict) and saved[2]):
        raise InputError(f"{path} is not of an index: {str(saved)[:60]!r} describes no source of a row")
    key, file, stamps = saved
    if not all(isinstance(text, str) for text in (key, file, *stamps.values())):
        raise InputError(f"{path} is not of an index: {str(saved)[:60]!r} describes no source of a row")
    return Source(key or file, file, stamps)


def metadata_from(saved: Any, path: object) -> dict[str, str] | None:
    """Check that metadata of a row is text by column, or None.

    Raises:
        InputError: it is not; names the file.
    """
    if saved is None or (isinstance(saved, dict) and all(isinstance(text, str) for text in saved.values())):
        return saved
    raise InputError(f"{path} is not of an index: {str(saved)[:60]!r} is no metadata of a row")


def _members(names: Any, sources: Any, metadata: Any, path: Path) -> list[Member]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{path} is not of an index: names is no list of texts")
    if sources is None:  # an earlier version
        return [Member(name) for name in names]
    metadata = [None] * len(names) if metadata is None else metadata
    for what, saved in (("sources", sources), ("metadata", metadata)):
        if not isinstance(saved, list) or len(saved) != len(names):
            raise InputError(f"{path} is not of an index: {what} is no list of as many as there are names")
    return [
        Member(name, source_from(source, path), metadata_from(texts, path))
        for name, source, texts in zip(names, sources, metadata)
    ]


def with_changes(members: Sequence[Member], changes: dict[int, Member], dropped: set[int]) -> list[Member]:
    """Replace members at some places, add others behind the last, and leave out dropped ones."""
    both = {**dict(enumerate(members)), **changes}
    return [both[place] for place in sorted(both) if place not in dropped]
