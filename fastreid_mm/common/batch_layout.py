"""The layout of a batch, read on the host where the batch is made, so that no step asks the device for it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.modality import INFRARED, VISIBLE

LAYOUT = "layout"
"""Key of a batch under which its layout is."""


class Layout(NamedTuple):
    """Places of the modalities in a batch, and the counts of its identities, as plain numbers."""

    counts: tuple[int, ...] = ()
    """The number of samples of each modality; empty for aligned samples that lack nothing."""
    rows: tuple[Tensor, ...] | None = None
    """The places of these samples; None if visible images come first, or if aligned samples lack nothing."""
    identities: int = 0
    """The number of identities; 0 if the batch has no targets."""
    repeated: bool = False
    """Whether an identity has two samples or more."""
    complete: bool = False
    """Whether every identity has visible and infrared images."""
    paired: bool = False
    """Whether infrared images are of the identities of the visible ones, in the same order."""

    def to(self, device: torch.device | str) -> "Layout":
        """Move the places to a device."""
        return self._replace(rows=self.rows and tuple(row.to(device, non_blocking=True) for row in self.rows))


def layout_of(batch: Mapping[str, Any]) -> Layout:
    """Look up the layout of a batch, or read it from the labels, which is free while they are on the CPU.

    Args:
        batch: with ``targets`` (B,), ``modalities`` (B,) and ``modality_mask`` (B, M), each where there is one.

    Raises:
        InputError: an aligned sample has no modality; names it.
    """
    if LAYOUT in batch:
        return batch[LAYOUT]
    has = _has(batch)  # (M, B)
    places = [np.flatnonzero(each) for each in has]
    order = np.concatenate([*places, []])
    aligned = "modalities" not in batch
    plain = has.all() if aligned else np.array_equal(order, np.arange(has.shape[1]))
    counts = () if aligned and plain else tuple(map(len, places))
    layout = Layout(counts, None if plain else tuple(map(torch.from_numpy, places)))
    if batch.get("targets") is None:
        return layout
    targets = _array(batch["targets"])
    found, count = np.unique(targets, return_counts=True)
    layout = layout._replace(identities=len(found), repeated=bool((count > 1).any()))
    if aligned:
        return layout
    visible, infrared = (targets[place] for place in places)
    complete = np.array_equal(np.unique(visible), np.unique(infrared))
    return layout._replace(complete=complete, paired=np.array_equal(visible, infrared))


def move_batch(batch: Mapping[str, Any], device: torch.device | str) -> dict[str, Any]:
    """Add its layout to a batch, and move its tensors to a device; images of uint8 become float32 there."""
    moved = {
        key: value.to(device, non_blocking=True) if isinstance(value, Tensor) else value for key, value in batch.items()
    }
    if isinstance(images := moved.get("images"), Tensor) and images.dtype == torch.uint8:
        moved["images"] = images.float()
    return moved | {LAYOUT: layout_of(batch).to(device)}


def _has(batch: Mapping[str, Any]) -> np.ndarray:
    """(M, B) bool, which samples have which modality; (0, 0) if all have all."""
    if "modalities" in batch:
        return _array(batch["modalities"]) == np.array([[VISIBLE], [INFRARED]])
    if batch.get("modality_mask") is None:
        return np.ones((0, 0), bool)
    mask: np.ndarray = _array(batch["modality_mask"]).astype(bool)
    empty = np.flatnonzero(~mask.any(1))
    if len(empty):
        names = batch.get("img_paths", [f"sample {index}" for index in range(len(mask))])
        raise InputError(f"no modality is there of {', '.join(names[index] for index in empty[:5])}")
    return mask.T


def _array(labels: Any) -> np.ndarray:
    return labels.cpu().numpy() if isinstance(labels, Tensor) else np.asarray(labels)
