"""A network's weights in a file of other people's: under which key and behind which prefix they are."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from fastreid_mm.errors import InputError, listed

AVERAGED_FIRST = ("state_dict_ema", "model_ema", "ema_state_dict", "teacher", "state_dict", "model", "net", "network")
"""Keys that decide between several mappings that hold the network as completely; averaged ones first, as timm does."""
WRAPPERS = frozenset({"module", "model", "net", "network", "backbone", "base", "encoder"})
"""Parts of names, in any case, that wrap a network whose own names are not known."""
_DEPTH = 3  # {"checkpoint": {"model": {name: tensor}}}


class Weights(NamedTuple):
    """What was found in a file."""

    state: dict[str, Tensor]
    """The tensors by the network's own names."""
    place: str
    """Where they were, in words; empty if at the top under their own names."""
    left_out: list[str]
    """Names of the tensors beside them that are no part of the network, with their prefixes."""

    def told(self) -> str:
        """Say where they were and what was left out; empty if there is nothing to tell."""
        parts = [f"the weights are {self.place}"] if self.place else []
        if self.left_out:
            parts.append(f"{len(self.left_out)} tensors of other parts are left out ({listed(self.left_out, 3, ', ')})")
        return ", ".join(parts)


def find_weights(content: object, path: str, own: Collection[str] = ()) -> Weights:
    """Find a network in what a file holds: under any key, with any one prefix, beside other parts of a model.

    Args:
        content: what was loaded, with the tensors in mappings by their names.
        path: of the file, for errors.
        own: the network's names; the key and prefix are those under which most of them are. If empty, the prefix is
            what :data:`WRAPPERS` are before the names.

    Returns:
        The tensors whose names begin as the network's own. A file of another network of the same family still has some
        too many or too few, for whoever loads them to refuse.

    Raises:
        InputError: there are no named tensors, or the network is there more than once.
    """
    own = frozenset(own)
    place, tensors = tensors_of(content, path, own)
    (prefix, most), *others = prefixes(tensors, own).most_common()
    if own and not most:  # of another network: as it would be taken without its names
        return find_weights(content, path)
    again = [other for other, count in others if own and count == most > len(own) // 2]
    if again:
        names = listed([repr(name) for name in [prefix, *again]], 4, ", ")
        raise InputError(f"{path} has the network more than once, behind the prefixes {names}: save one of them alone")
    return _behind(prefix, place, tensors, own)


def tensors_of(content: object, path: str, own: frozenset[str] = frozenset()) -> tuple[str, dict[str, Tensor]]:
    """Find the mapping of a file that holds most of a network, and the key under which it is.

    Raises:
        InputError: there are no named tensors.
    """
    found = {place: tensors for place, tensors in _mappings(content)}
    if not found:
        raise InputError(f"{path} does not hold named tensors")
    most = {place: max(prefixes(tensors, own).values()) for place, tensors in found.items()}
    place = max(found, key=lambda place: (most[place], _rank(place), len(found[place])))
    return ".".join(place), found[place]


def prefixes(tensors: Collection[str], own: frozenset[str] = frozenset()) -> Counter:
    """Count the names behind each prefix: of the network's own, or any if they are not known."""
    found = Counter(prefix for name in tensors if (prefix := _prefix(name, own)) is not None)
    if not own and len(found) > 1:
        found[""] = 0  # what stands beside a wrapped network
    return found or Counter({"": 0})


def fits(own: Tensor, given: Tensor) -> bool:
    """Tell whether a tensor can be copied into another as it is: shape and kind of number are the same."""
    plain = not given.is_nested and given.layout == torch.strided and not given.is_meta
    alike = own.is_floating_point() == given.is_floating_point() and own.is_complex() == given.is_complex()
    return plain and alike and not given.is_quantized and own.shape == given.shape


def _mappings(content: object, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Tensor]]]:
    """Every mapping that holds tensors by name, with its keys; other values beside the tensors are not named ones."""
    if not isinstance(content, Mapping):
        return
    named = {name: value for name, value in content.items() if isinstance(name, str)}
    tensors = {name: value for name, value in named.items() if isinstance(value, Tensor)}
    if tensors:
        yield place, tensors
    if len(place) < _DEPTH:
        for name, value in named.items():
            yield from _mappings(value, (*place, name))


def _rank(place: tuple[str, ...]) -> int:
    """How much one mapping is preferred to another that holds as much."""
    key = place[-1] if place else ""
    return -AVERAGED_FIRST.index(key) if key in AVERAGED_FIRST else -len(AVERAGED_FIRST)


def _endings(name: str) -> Iterator[str]:
    """The name, and what is left of it without its first part, first two parts and so on."""
    parts = name.split(".")
    return (".".join(parts[start:]) for start in range(len(parts)))


def _prefix(name: str, own: frozenset[str]) -> str | None:
    """What stands before the network's name in a name; None if it has none of its names."""
    if own:
        ending = next((ending for ending in _endings(name) if ending in own), None)
        return None if ending is None else name.removesuffix(ending)
    parts = name.split(".")
    wrapped = next((index for index, part in enumerate(parts[:-1]) if part.lower() not in WRAPPERS), len(parts) - 1)
    return "".join(f"{part}." for part in parts[:wrapped])


def _behind(prefix: str, place: str, tensors: dict[str, Tensor], own: frozenset[str]) -> Weights:
    parts = {name.split(".")[0] for name in own}
    state, left = {}, []
    for name, value in tensors.items():
        short = name.removeprefix(prefix)
        if name.startswith(prefix) and (not own or short.split(".")[0] in parts):
            state[short] = value
        else:
            left.append(name)
    words = [f"under {place!r}"] if place else []
    words += [f"behind the prefix {prefix!r}"] if prefix else []
    return Weights(state, " ".join(words), left)
