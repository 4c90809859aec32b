"""Weights of the visible-infrared baselines: a stem for each modality and a shared network, in one file.

AGW's, LLCM's and HCT's codes name them ``visible_module.visible.``, ``thermal_module.thermal.`` and
``base_resnet.base.``, under the key ``net``.
"""

from collections import Counter
from collections.abc import Collection

import torch
from torch import Tensor

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.find_weights import prefixes, tensors_of
from fastreid_mm.modeling.backbones.pretrained import logger, named_by_key, read_file, state_in

WORDS = (("visible",), ("thermal", "infrared"))
"""Words that the prefix of each modality contains, in upper or lower case."""


def read_streams(path: str, own: Collection[str]) -> list[dict[str, Tensor]]:
    """Read the networks of the visible and of the infrared images; the same one if the file has only one.

    Raises:
        InputError: the file cannot be read, or has a network more than once.
    """
    names = frozenset(own)
    with named_by_key():
        content = read_file(path)
        place, tensors = tensors_of(content, path, names)
        found = prefixes(tensors, names)
        streams = [_only(found, words, path) for words in WORDS]
    if not all(streams):
        return [state_in(content, path, own)]
    shared = Counter({prefix: count for prefix, count in found.items() if not _has(prefix, sum(WORDS, ()))})
    given = [*streams, *(prefix for prefix, _ in shared.most_common(1))]
    parts = [_behind(prefix, tensors, names) for prefix in given]
    visible, infrared, *base = parts
    left = sum(1 for name in tensors if not name.startswith(tuple(given)))
    logger.info(
        f"{path}: the weights of the modalities and the shared ones are behind {', '.join(map(repr, given))}"
        f"{f' under {place!r}' if place else ''}; {left} tensors of other parts are left out"
    )
    return [_merged(one, other, base[0] if base else {}) for one, other in ((visible, infrared), (infrared, visible))]


def _has(prefix: str, words: Collection[str]) -> bool:
    return any(word in prefix.lower() for word in words)


def _only(found: Counter, words: Collection[str], path: str) -> str:
    """Find the prefix with one of some words that has the most names behind it; empty if there is none."""
    mine = Counter({prefix: count for prefix, count in found.items() if _has(prefix, words)}).most_common(2)
    if len(mine) == 2 and mine[0][1] == mine[1][1]:
        raise InputError(f"{path} has {mine[0][0]!r} and {mine[1][0]!r}: which is the modality's?")
    return mine[0][0] if mine else ""


def _behind(prefix: str, tensors: dict[str, Tensor], own: frozenset[str]) -> dict[str, dict[str, Tensor]]:
    """Collect the network's tensors behind a prefix by their part (``layer1``) and their name."""
    parts: dict[str, dict[str, Tensor]] = {name.split(".")[0]: {} for name in own}
    for name, value in tensors.items():
        short = name.removeprefix(prefix)
        if name.startswith(prefix) and short.split(".")[0] in parts:
            parts[short.split(".")[0]][short] = value
    return {part: values for part, values in parts.items() if values}


def _merged(mine: dict, others: dict, base: dict) -> dict[str, Tensor]:
    """Put together the network that a modality's images go through.

    AGW's code keeps whole networks in all three places, of which each uses a part. What was used for each modality has
    learned other weights for each; what was not is in both as it came from ImageNet, and the shared one was used.
    """
    state: dict[str, Tensor] = {}
    for part in {**mine, **base}:
        unused = part in base and (part not in mine or part not in others or _same(mine[part], others[part]))
        state |= base[part] if unused else mine[part]
    return state


def _same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(value, other[name]) for name, value in one.items())
