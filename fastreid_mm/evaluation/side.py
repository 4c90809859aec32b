"""Sides of a ranking, query and gallery: features with their labels."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fastreid_mm.evaluation.hidden_images import is_junk, tell_junk

Distance = Callable[[Tensor, Tensor], Tensor]
"""(Nq, D) and (Ng, D) features to (Nq, Ng) distances."""


class Side(NamedTuple):
    """Features and labels of N images or samples."""

    features: Tensor
    """(N, D), D 0 where galleries are drawn without ranking them."""
    ids: np.ndarray
    """Identities (N,)."""
    places: np.ndarray
    """Cameras or scenes (N,), by which a rule may hide images."""
    names: np.ndarray | None = None
    """(N,) of the files."""
    numbers: np.ndarray | None = None
    """(N,) of the images, among those of the identity under the camera."""

    def of(self, rows: np.ndarray) -> "Side":
        """Return some of the images, by their indices."""
        names, numbers = (None if part is None else part[rows] for part in (self.names, self.numbers))
        return Side(self.features[torch.as_tensor(rows)], self.ids[rows], self.places[rows], names, numbers)

    def labels_with(self, gallery: "Side") -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Labels of both, as :func:`rank_metrics` takes them of query and gallery."""
        return self.ids, gallery.ids, self.places, gallery.places


class Ranking(NamedTuple):
    """Queries, and the gallery that is ranked for them."""

    query: Side
    gallery: Side
    columns: np.ndarray | None = None
    """(n,) indices of the gallery images that are ranked, in this order; None for all."""

    def people(self) -> "Ranking":
        """Leave out the images of identity -1, on both sides, and the gallery images that are not ranked."""
        columns = np.arange(len(self.gallery.ids)) if self.columns is None else self.columns
        rows, kept = ~is_junk(self.query.ids), ~is_junk(self.gallery.ids[columns])
        tell_junk(queries=self.query.ids, gallery_images=self.gallery.ids[columns])
        query = self.query if rows.all() else self.query.of(np.flatnonzero(rows))
        whole = self.columns is None and kept.all()
        return Ranking(query, self.gallery if whole else self.gallery.of(columns[kept]))
