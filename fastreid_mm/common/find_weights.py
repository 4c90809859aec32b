"""Search for a network's weights in any checkpoint, under any key and behind any prefix of names."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from torch import Tensor

from fastreid_mm.common.errors import InputError, listed

AVERAGED_FIRST = ("state_dict_ema", "model_ema", "ema_state_dict", "teacher", "state_dict", "model", "net", "network")
"""Keys by preference, if several mappings hold the network equally completely; averaged ones first, as in timm."""
WRAPPERS = frozenset({"module", "model", "net", "network", "backbone", "base", "encoder"})
"""Parts of names, in any case, that precede the names of a network that are not known."""
_DEPTH = 3  # {"checkpoint": {"model": {name: tensor}}}


class Weights(NamedTuple):
    """Weights of a network and their place in a file."""

    state: dict[str, Tensor]
    """Tensors by the network's own names."""
    place: str
    """Key and prefix of the weights, in words; empty if they are at the top under the network's names."""
    left_out: list[str]
    """Names, with their prefixes, of other tensors of the file, which are no part of the network."""

    def told(self) -> str:
        """Describe the place of the weights and the tensors left out; empty if there is nothing to report."""
        parts = [f"the weights are {self.place}"] if self.place else []
        if self.left_out:
            parts.append(f"{len(self.left_out)} tensors of other parts are left out ({listed(self.left_out, 3, ', ')})")
        return ", ".join(parts)


def find_weights(content: object, path: str, own: Collection[str] = ()) -> Weights:
    """Find a network in the content of a file: under any key, with any one prefix, beside other parts of a model.

    Args:
        content: the content of the file, with the tensors in mappings by their names.
        own: the network's names; the key and prefix are those under which most of them are. If empty, the prefix
            consists of the :data:`WRAPPERS` before the names.

    Returns:
        The tensors whose names begin with a part of the network. If the file is of another network of the same family,
        some are too many or missing, which is left to the caller to refuse.

    Raises:
        InputError: there are no named tensors, or the network is there more than once.
    """
    own = frozenset(own)
    place, tensors = tensors_of(content, path, own)
    (prefix, most), *others = prefixes(tensors, own).most_common()
    if own and not most:  # the file is of another network: the names do not help
        return find_weights(content, path)
    again = [other for other, count in others if own and count == most > len(own) // 2]
    if again:
        names = listed([repr(name) for name in [prefix, *again]], 4, ", ")
        raise InputError(f"{path} has the network more than once, behind the prefixes {names}: save one of them alone")
    return _behind(prefix, place, tensors, own)


def tensors_of(content: object, path: str, own: frozenset[str] = frozenset()) -> tuple[str, dict[str, Tensor]]:
    """Find the mapping of a file that holds most of a network, and its key.

    Raises:
        InputError: there are no named tensors.
    """
    mappings = {place: tensors for place, tensors in _mappings(content)}
    if not mappings:
        raise InputError(f"{path} does not hold named tensors")
    most = {place: max(prefixes(tensors, own).values()) for place, tensors in mappings.items()}
    place = max(mappings, key=lambda place: (most[place], _rank(place), len(mappings[place])))
    return ".".join(place), mappings[place]


def prefixes(tensors: Collection[str], own: frozenset[str] = frozenset()) -> Counter:
    """Count the network's names behind each prefix, or all names if the network's are not known."""
    counts = Counter(prefix for name in tensors if (prefix := _prefix(name, own)) is not None)
    if not own and len(counts) > 1:
        counts[""] = 0  # other tensors beside a wrapped network
    return counts or Counter({"": 0})


def _mappings(content: object, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Tensor]]]:
    """Yield every mapping that holds tensors by name, with its keys; values that are no tensors are left out of it."""
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
    """Return the preference of a mapping over others that hold as much of the network."""
    key = place[-1] if place else ""
    return -AVERAGED_FIRST.index(key) if key in AVERAGED_FIRST else -len(AVERAGED_FIRST)


def _prefix(name: str, own: frozenset[str]) -> str | None:
    """Return the prefix of a network's name within a longer name; None if it contains none."""
    parts = name.split(".")
    if own:
        endings = (".".join(parts[start:]) for start in range(len(parts)))
        ending = next((ending for ending in endings if ending in own), None)
        return None if ending is None else name.removesuffix(ending)
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
