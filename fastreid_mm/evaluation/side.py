"""Sides of a ranking, query and gallery: features with their labels."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation.hidden_images import hidden_images, is_junk, tell_junk
from fastreid_mm.evaluation.measure import to_array

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

    def hides(self, gallery: "Side", rule: str) -> np.ndarray:
        """Find which images (Nq, Ng) of a gallery a rule hides from the images of this side, the queries."""
        return hidden_images(rule, self.ids, self.places, gallery.ids, gallery.places)


class Ranking(NamedTuple):
    """Queries, and the gallery that is ranked for them."""

    query: Side
    gallery: Side
    columns: np.ndarray | None = None
    """(n,) indices of the gallery images that are ranked, in this order; None for all."""

    @property
    def ranked(self) -> np.ndarray:
        """(n,) indices of the gallery images that are ranked."""
        return np.arange(len(self.gallery.ids)) if self.columns is None else self.columns

    def labels(self) -> tuple[Side, Side]:
        """Return both sides without features, of the gallery only the images that are ranked."""
        query, gallery = (side._replace(features=side.features[:, :0]) for side in (self.query, self.gallery))
        return query, gallery.of(self.ranked)

    def people(self) -> "Ranking":
        """Leave out the images of identity -1, on both sides, and the gallery images that are not ranked."""
        columns = self.ranked
        rows, kept = ~is_junk(self.query.ids), ~is_junk(self.gallery.ids[columns])
        tell_junk(queries=self.query.ids, gallery_images=self.gallery.ids[columns])
        query = self.query if rows.all() else self.query.of(np.flatnonzero(rows))
        whole = self.columns is None and kept.all()
        return Ranking(query, self.gallery if whole else self.gallery.of(columns[kept]))


def ranking_of(
    size: tuple[int, int],
    query_ids: Any,
    gallery_ids: Any,
    query_cams: Any,
    gallery_cams: Any,
    columns: np.ndarray | None = None,
) -> Ranking:
    """Make a ranking of labels without features.

    Args:
        size: Nq and Ng.
        query_ids, query_cams: (Nq,) arrays, tensors or sequences.
        gallery_ids, gallery_cams: (Ng,) likewise.
        columns: see :class:`Ranking`.

    Raises:
        InputError: names the labels of another length.
    """
    arrays = [to_array(each) for each in (query_ids, gallery_ids, query_cams, gallery_cams)]
    names = ("query_ids", "gallery_ids", "query_cams", "gallery_cams")
    for name, array, length in zip(names, arrays, (*size, *size)):
        if array.shape != (length,):
            raise InputError(f"{name} must have shape ({length},) like the distance matrix, got {array.shape}")
    query, gallery = (Side(torch.empty(len(ids), 0), ids, cams) for ids, cams in zip(arrays[:2], arrays[2:]))
    return Ranking(query, gallery, columns)
