"""One side of a ranking, query or gallery: features with their labels."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fastreid_mm.evaluation.extras import Labels, Measure
from fastreid_mm.evaluation.rank_metrics import rank_metrics

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

    def labels_with(self, gallery: "Side") -> Labels:
        """Labels of both, as :func:`rank_metrics` takes them of query and gallery."""
        return Labels(self.ids, gallery.ids, self.places, gallery.places)


MeasureOf = Callable[[Side, Side], Measure]
"""Query and gallery to what turns their distances into metrics."""


def plain_measure(query: Side, gallery: Side) -> Measure:
    """:func:`rank_metrics`, whatever is ranked."""
    return rank_metrics
