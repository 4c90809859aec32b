"""Comparison of the settings and states in a training's checkpoint with those of the run that resumes it.

PyTorch's and mmengine's schedules put every entry of a saved state into their ``__dict__``, whatever its name.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from fastreid_mm.common.errors import InputError

_SAVED = Mapping | list | tuple | str | bool | int | float | Tensor | None  # functions are not


def changed_settings(now: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Find the settings that both trainings have and that differ.

    Returns:
        The value then and the value now, by name.
    """
    return {key: (then[key], value) for key, value in now.items() if key in then and not is_same(value, then[key])}


def is_same(value: object, other: object) -> bool:
    """Tell whether two values are equal, tuples and lists alike."""
    if isinstance(value, list | tuple) and isinstance(other, list | tuple):
        return list(value) == list(other)
    return value == other


def take_state(current: Any, saved: Any, path: str, place: str) -> Any:
    """Take those entries of a saved state that the run's state has, too, each of the same kind.

    Returns:
        The saved state without entries that the run's state lacks.

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
    """Take those entries of a saved state that an optimizer's state has, with the values of each parameter.

    Raises:
        InputError: see :func:`take_state`; or the state of a parameter has other entries than that of the others.
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
    first: dict[str, str] | None = None
    for index in sorted(state, key=lambda index: not shapes.get(index)):  # scalars last: averages look like counts
        form = _form(state[index], shapes.get(index))
        first = form if first is None else first
        alike = form is not None and first is not None and form.keys() == first.keys()
        if not alike or (shapes[index] and form != first):
            raise InputError(f"checkpoint {path}: {place}.state.{index} is not as those of the other parameters")
    return {**taken, "state": state}


def _form(values: object, shape: torch.Size | None) -> dict[str, str] | None:
    """Describe the values of a parameter's state by name; None if it cannot be the state of a parameter."""
    if shape is None or not isinstance(values, Mapping):
        return None
    kinds = {name: _kind(value, shape) for name, value in values.items() if isinstance(name, str)}
    return None if "" in kinds.values() or len(kinds) < len(values) else kinds


def _kind(value: object, shape: torch.Size) -> str:
    """Describe a value of a parameter's state; empty if it cannot be one.

    A tensor with as many dimensions as the parameter must have its shape, as it is an average of gradients. Others are
    counts, or factors of averages.
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
