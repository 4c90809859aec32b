"""Unexpected values for checkpoints, and changes of a checkpoint: an entry replaced, left out, renamed or added."""

import random
from collections import Counter, OrderedDict
from typing import Any

import numpy as np
import torch

NAMES = ("config", "cfg", "CLASSES", "hook", "step", "__class__", "state_dict", "state", "\n", "best_ckpt", "load_from")
"""Names of entries that some reader may look for."""


def odd_values(proof: str) -> list[Any]:
    """List values of all kinds that PyTorch's safe loader accepts.

    Args:
        proof: path of a file that is made if one of the texts is run as code.
    """
    code = f"open({proof!r}, 'w').close()"
    nested: Any = code
    for _ in range(200):  # deeper than any real value, but not too deep to be saved
        nested = [nested]
    texts = [code, f"exec({code!r})", f"__import__('os').system('touch {proof}')", f"{{{{{code}}}}}"]
    texts += [f"custom_imports = dict(imports=['os'])\n_ = {code}", f"!!python/object/apply:eval [{code!r}]"]
    texts += ["", "a\nb", "../" * 20, "x" * 100_000]
    numbers = [None, True, 0, -1, 3, 10**30, 0.5, float("nan"), float("inf"), 1j, np.float64(3), np.int64(-2)]
    holders = [[], {}, (), [code], {code: code}, {"a": {"b": [code]}}, nested, OrderedDict(a=code), Counter([code])]
    two = torch.ones(2)
    tensors = [torch.empty(0), torch.ones(()), torch.ones(3, 3), two.to(torch.complex64), two.long(), two.to("meta")]
    tensors += [torch.eye(3).to_sparse(), torch.nn.Parameter(two), torch.quantize_per_tensor(two, 0.1, 0, torch.qint8)]
    return [*texts, *texts, *numbers, *holders, *tensors, code.encode(), {1, 2}]


def change(content: Any, rng: random.Random, values: list[Any]) -> tuple[Any, tuple]:
    """Copy content with one or two entries changed; return also the names that lead to the last of them."""
    place: tuple = ()
    for _ in range(rng.choice((1, 1, 2))):
        content, place = _changed(content, rng, values)
    return content, place


def _changed(content: Any, rng: random.Random, values: list[Any]) -> tuple[Any, tuple]:
    if not isinstance(content, dict | list | tuple) or not content or (rng.random() < 0.15):
        return _other(content, rng, values), ()
    key = rng.choice(list(content) if isinstance(content, dict) else range(len(content)))
    copy: Any = dict(content) if isinstance(content, dict) else list(content)
    how = rng.random()
    if how < 0.1:
        del copy[key]
        return copy, (key, "left out")
    if how < 0.2 and isinstance(copy, dict):
        name = rng.choice([*NAMES, *(value for value in values if isinstance(value, str))])
        if rng.random() < 0.5:
            copy[name] = copy.pop(key)
            return copy, (key, "renamed")
        copy[name] = rng.choice(values)
        return copy, (str(name)[:20], "added")
    copy[key], place = _changed(content[key], rng, values)
    return copy if isinstance(content, dict | list) else tuple(copy), (key, *place)


def _other(value: Any, rng: random.Random, values: list[Any]) -> Any:
    """Make a value of another kind, or of another shape or data type."""
    if isinstance(value, torch.Tensor) and rng.random() < 0.5:
        changes = (value.double, value.half, value.int, value.flatten, value[None].clone)
        return rng.choice((*changes, lambda: value.to(torch.cfloat)))()
    return rng.choice(values)
