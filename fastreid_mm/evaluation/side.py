"""What a protocol ranks: features with their labels, as query or as gallery."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fastreid_mm.evaluation.extras import Measure
from fastreid_mm.evaluation.rank_metrics import rank_metrics

Distance = Callable[[Tensor, Tensor], Tensor]
"""(Nq, D) and (Ng, D) features to (Nq, Ng) distances."""
MeasureOf = Callable[[Tensor], Measure]
"""(Nq, Ng) distances to what turns them into metrics."""


class Side(NamedTuple):
    """N images or samples."""

    features: Tensor
    """(N, D)"""
    ids: np.ndarray
    """(N,) identities."""
    places: np.ndarray
    """(N,) what a rule goes by beside them: cameras or scenes."""
    names: np.ndarray | None = None
    """(N,) of the files, where these are in another order than the names'."""

    def of(self, places: np.ndarray) -> "Side":
        """Some of the images, by their indices."""
        names = None if self.names is None else self.names[places]
        return Side(self.features[torch.as_tensor(places)], self.ids[places], self.places[places], names)

    def labels_with(self, gallery: "Side") -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Identities of both and places of both, as :func:`rank_metrics` takes them of query and gallery."""
        return self.ids, gallery.ids, self.places, gallery.places


def plain_measure(distance: Tensor) -> Measure:
    """:func:`rank_metrics`, whatever the distances are."""
    return rank_metrics
