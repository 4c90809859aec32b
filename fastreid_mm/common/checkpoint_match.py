"""Comparison of the tensors of a checkpoint with those of a model, by name and shape."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from fastreid_mm.common.errors import InputError


class Match(NamedTuple):
    """Names of the tensors of a model and a checkpoint, sorted by how they match."""

    fitting: list[str]
    """Names of tensors in both that can be copied, in the model's order."""
    misshapen: list[str]
    """Names of tensors in both that cannot be copied, as shape or kind of number differ."""
    missing: list[str]
    """Names of tensors in the model alone."""
    unknown: list[str]
    """Names of tensors in the checkpoint alone, in its order."""


def match_tensors(model: Mapping[str, Tensor], saved: Mapping[str, Tensor]) -> Match:
    """Compare the tensors of a model and of a checkpoint."""
    fit = {name: fits(value, saved[name]) for name, value in model.items() if name in saved}
    return Match(
        [name for name in fit if fit[name]],
        [name for name in fit if not fit[name]],
        [name for name in model if name not in saved],
        [name for name in saved if name not in model],
    )


def fits(tensor: Tensor, saved: Tensor) -> bool:
    """Tell whether a saved tensor can be copied into another as it is: shape and kind of number are the same."""
    plain = not saved.is_nested and saved.layout == torch.strided and not saved.is_meta
    alike = tensor.is_floating_point() == saved.is_floating_point() and tensor.is_complex() == saved.is_complex()
    return plain and alike and not saved.is_quantized and tensor.shape == saved.shape


def refuse_other_model(path: str, wrong: Mapping[str, Collection[str]], advice: str = "") -> None:
    """Refuse a checkpoint if there are tensors that do not match the model.

    Args:
        wrong: names of tensors by the word for what is wrong with them, such as "missing".
        advice: the end of the message.

    Raises:
        InputError: names the checkpoint, for each word the count and the first tensor, and then the advice.
    """
    counts = [f"{len(names)} tensors {kind} ({next(iter(names))} ...)" for kind, names in wrong.items() if names]
    if counts:
        raise InputError(f"checkpoint {path} is of another model: {', '.join(counts)}{advice}")


def skipped_parts(model: Iterable[str], taken: Iterable[str]) -> list[str]:
    """List the parts of a model, such as its backbone or neck, of which no tensor is taken, by the names of tensors."""
    return sorted({name.split(".")[0] for name in model} - {name.split(".")[0] for name in taken})
