"""The state of an optimizer or schedule in a checkpoint, compared with that of the run that goes on with it.

PyTorch's and mmengine's schedules put every entry of a saved state into their ``__dict__``, whatever it is called.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from fastreid_mm.common.errors import InputError

_SAVED = Mapping | list | tuple | str | bool | int | float | Tensor | None  # functions are not


def take_state(current: Any, saved: Any, path: str, place: str) -> Any:
    """Take from a saved state what the run's state has, each of the same kind.

    Args:
        current: the state of the run, as ``state_dict()`` gives it.
        saved: the state that a checkpoint has.
        path: of the checkpoint, for errors.
        place: the entry's name, for errors.

    Returns:
        The saved state without what the run's has not.

    Raises:
        InputError: names the file and the first entry that is missing or of another kind.
    """
    if isinstance(current, Mapping) and isinstance(saved, Mapping):
        if not isinstance(current, Counter):
            return _take_names(current, saved, path, place)
        if all(_is_number(key) and _is_number(count) for key, count in saved.items()):  # steps
            return Counter(saved)
    elif isinstance(current, list | tuple) and isinstance(saved, list | tuple):
        return _take_list(current, saved, path, place)
    elif _same_kind(current, saved):
        return saved
    raise InputError(f"checkpoint {path}: {place} is not as this run needs it ({type(current).__name__})")


def _take_names(current: Mapping, saved: Mapping, path: str, place: str) -> dict:
    plain = {key: value for key, value in current.items() if isinstance(value, _SAVED)}  # a function stays the run's
    missing = [key for key, value in plain.items() if key not in saved and not isinstance(value, bool | None)]
    if missing:  # a flag may be of another version
        raise InputError(f"checkpoint {path}: {place} has no {missing[0]}")
    return {key: take_state(value, saved[key], path, f"{place}.{key}") for key, value in plain.items() if key in saved}


def _take_list(current: Sequence, saved: Sequence, path: str, place: str) -> Any:
    if len(current) != len(saved):
        raise InputError(f"checkpoint {path}: {place} has {len(saved)} entries, this run {len(current)}")
    taken = [take_state(one, other, path, f"{place}.{index}") for index, (one, other) in enumerate(zip(current, saved))]
    return tuple(taken) if isinstance(current, tuple) else taken


def _same_kind(current: Any, saved: Any) -> bool:
    if current is None or isinstance(current, bool):
        return saved is None or isinstance(saved, bool) or (current is None and _is_number(saved))
    if isinstance(current, str):
        return current == saved
    if isinstance(current, Tensor):
        return isinstance(saved, Tensor) and current.shape == saved.shape and not saved.is_meta
    return _is_number(current) and _is_number(saved)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def take_optimizer_state(optimizer: Any, saved: object, path: str, place: str) -> dict:
    """Take from a saved state what an optimizer's has, which begins empty and then has values for each parameter.

    Args:
        optimizer: that of the run, or what wraps it.
        saved: the state that the checkpoint has.
        path: of the checkpoint, for errors.
        place: the entry's name, for errors.

    Raises:
        InputError: see :func:`take_state`; or the state of a parameter is of another form than that of the others.
    """
    if not isinstance(saved, Mapping):
        raise InputError(f"checkpoint {path}: {place} is not the state of an optimizer")
    current = optimizer.state_dict()
    taken = take_state({key: current[key] for key in current if key != "state"}, saved, path, place)
    state = saved.get("state")
    if not isinstance(state, Mapping):
        raise InputError(f"checkpoint {path}: {place} has no state")
    indices = [index for group in current["param_groups"] for index in group["params"]]
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    shapes = {index: parameter.shape for index, parameter in zip(indices, parameters)}
    known: dict[str, str] | None = None
    for index in sorted(state, key=lambda index: not shapes.get(index)):  # first those that tell averages from counts
        form = _form(state[index], shapes.get(index))
        known = form if known is None else known
        alike = form is not None and known is not None and form.keys() == known.keys()
        if not alike or (shapes[index] and form != known):
            raise InputError(f"checkpoint {path}: {place}.state.{index} is not as those of the other parameters")
    return {**taken, "state": state}


def _form(values: object, shape: torch.Size | None) -> dict[str, str] | None:
    """What a parameter's state has, by name; None if it cannot be one."""
    if shape is None or not isinstance(values, Mapping):
        return None
    kinds = {name: _kind(value, shape) for name, value in values.items() if isinstance(name, str)}
    return None if "" in kinds.values() or len(kinds) < len(values) else kinds


def _kind(value: object, shape: torch.Size) -> str:
    """One word for a value of a parameter's state; empty for what it cannot be.

    A tensor of as many dimensions as its parameter has the parameter's shape, being an average of gradients. Others are
    counts, or factors of such.
    """
    if value is None:
        return "nothing"
    if not isinstance(value, Tensor):
        return "number" if isinstance(value, bool | int | float) else ""
    if value.layout != torch.strided or value.is_meta or value.is_complex():
        return ""
    if value.shape == shape:
        return "like the parameter" if shape else "number"
    return "" if value.ndim == len(shape) else "factor" if value.ndim else "number"
