"""Check that an ONNX file keeps no tensors in other files, read from its bytes without the package ``onnx``.

ONNX Runtime reads every file that such a file names, wherever that lies. No file of this project names any.
The fields' numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, the encoding is that of
https://protobuf.dev/programming-guides/encoding/.
"""

from collections.abc import Iterator
from pathlib import Path

from fastreid_mm.common.errors import InputError

_GRAPHS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
"""Fields that lead to tensors, by kind of message, with the kinds of the messages in them."""
_EXTERNAL_DATA, _LOCATION, _VALUE = 13, 1, 2
"""Field of a tensor that says where its content is, and key and value of the pairs in that field."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def require_own_data(path: str) -> None:
    """Refuse an ONNX file with tensors in other files.

    Raises:
        InputError: names the file and the first file that it refers to; or the file is no ONNX.
    """
    content = memoryview(Path(path).read_bytes())
    try:
        other = next(_outside(content, "model"), None)
    except (IndexError, ValueError, RecursionError):
        raise InputError(f"{path} cannot be run: it is no ONNX file, or damaged") from None
    if other is not None:
        raise InputError(
            f"{path} keeps tensors in another file, {other!r}: only files that hold all of theirs are read"
        )


def _outside(content: memoryview, kind: str) -> Iterator[str]:
    """Give the name of every other file that a message of a kind refers to."""
    for field, value in _fields(content):
        if kind == "tensor" and field == _EXTERNAL_DATA:
            entry = {key: bytes(text).decode("utf-8", "replace") for key, text in _fields(value)}
            if entry.get(_LOCATION) == "location":
                yield entry.get(_VALUE, "")
        elif field in _GRAPHS.get(kind, {}):
            yield from _outside(value, _GRAPHS[kind][field])


def _fields(content: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Give the number and content of each field of a message; the content of numeric fields is empty."""
    place = 0
    while place < len(content):
        tag, place = _varint(content, place)
        kind, start = tag & 7, place
        if kind == _VARINT:
            _, place = _varint(content, place)
        elif kind in (_FIXED64, _FIXED32):
            place += 8 if kind == _FIXED64 else 4
        elif kind == _BYTES:
            size, start = _varint(content, place)
            place = start + size
        else:
            raise ValueError(f"wire type {kind}")
        if place > len(content):
            raise ValueError("cut short")
        yield tag >> 3, content[start:place] if kind == _BYTES else content[:0]


def _varint(content: memoryview, place: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, the lowest first, and return it with the place after it."""
    value = shift = 0
    while True:
        byte = content[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place
        if shift > 63:
            raise ValueError("too long a number")
