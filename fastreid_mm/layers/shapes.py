"""Checks that the shapes of tensors go together, so that none is broadcast by mistake."""

from typing import Any

import torch
from torch import Tensor

from fastreid_mm.layers.exporting import is_readable


def require_shapes(**tensors: tuple[Tensor, str]) -> None:
    """Refuse tensors whose sizes do not go together.

    Args:
        tensors: a tensor and its axes for each name. The axes are words with spaces between: an axis of one name has
            the same size wherever it appears, and a number is a size.

    Raises:
        ValueError: names every tensor with the shape that it should have and the one that it has.

    Examples:
        >>> require_shapes(features=(torch.rand(4, 3), "B D"), targets=(torch.zeros(3), "B"))
        Traceback (most recent call last):
        ValueError: features (B, D) is (4, 3), targets (B) is (3,)
    """
    sizes: dict[str, int] = {}
    if not all(_fits(tensor, axes.split(), sizes) for tensor, axes in tensors.values()):
        raise ValueError(
            ", ".join(
                f"{name} ({', '.join(axes.split())}) is {_shape(tensor)}" for name, (tensor, axes) in tensors.items()
            )
        )


def present_modalities(present: Any, maps: Tensor) -> Tensor:
    """Turn a mask of modalities, which may be an array or a list, into a tensor on the device of the maps.

    Args:
        present: (B, M), true or not zero where a sample has a modality.
        maps: (B, M, ...).

    Returns:
        (B, M) bool.

    Raises:
        ValueError: the mask has another shape, or, if it is on the CPU and nothing is traced, a sample has no modality.

    Examples:
        >>> present_modalities([[1, 0], [1, 1]], torch.rand(2, 2, 8))
        tensor([[ True, False],
                [ True,  True]])
    """
    present = torch.as_tensor(present, device=maps.device).bool()
    require_shapes(maps=(maps, " ".join(["B", "M", "C", "H", "W"][: maps.ndim])), present=(present, "B M"))
    empty = torch.nonzero(~present.any(1)).flatten().tolist() if is_readable(present) else []
    if empty:
        raise ValueError(f"no modality is there of sample {', '.join(map(str, empty[:5]))}")
    return present


def _fits(tensor: Tensor, axes: list[str], sizes: dict[str, int]) -> bool:
    if not isinstance(tensor, Tensor) or tensor.ndim != len(axes):
        return False
    wanted = [int(axis) if axis.isdigit() else sizes.setdefault(axis, size) for axis, size in zip(axes, tensor.shape)]
    return list(tensor.shape) == wanted


def _shape(tensor: Any) -> str:
    return str(tuple(tensor.shape)) if isinstance(tensor, Tensor) else f"a {type(tensor).__name__}, no tensor"
