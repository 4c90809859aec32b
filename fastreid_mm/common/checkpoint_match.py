"""The tensors of a checkpoint compared with those of a model, by name and form."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from fastreid_mm.common.errors import InputError


class Match(NamedTuple):
    """Names of tensors of a model and of a checkpoint, in the order of the one or the other."""

    fitting: list[str]
    """In both, and can be copied."""
    misshapen: list[str]
    """In both, and cannot: shape or kind of number differ."""
    missing: list[str]
    """In the model alone."""
    unknown: list[str]
    """In the checkpoint alone."""


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
    """Refuse a checkpoint by the names of the tensors that do not match, each under a word for why ("missing").

    Raises:
        InputError: names the checkpoint, for each word the count and the first tensor, and then the advice.
    """
    counts = [f"{len(names)} tensors {kind} ({next(iter(names))} ...)" for kind, names in wrong.items() if names]
    if counts:
        raise InputError(f"checkpoint {path} is of another model: {', '.join(counts)}{advice}")


def skipped_parts(model: Iterable[str], taken: Iterable[str]) -> list[str]:
    """List the parts of a model, as its backbone or neck, of which no tensor is taken, by the names of both."""
    return sorted({name.split(".")[0] for name in model} - {name.split(".")[0] for name in taken})
