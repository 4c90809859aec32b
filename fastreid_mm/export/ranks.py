"""Change of ranked lists between two computations of the same features, such as float32 and 8 bits."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


class RankChange(NamedTuple):
    """Agreement of two rankings of one gallery, means over queries."""

    first: float
    """Share of queries with the same first answer."""
    ten: float
    """Share of the first ten answers that are in both lists; of all answers if there are fewer."""
    correlation: float
    """Spearman's correlation of the places of all gallery images."""

    def __str__(self) -> str:
        return (
            f"the same first answer {100 * self.first:.1f}%, of the first ten {100 * self.ten:.1f}% in both, rank "
            f"correlation {self.correlation:.5f}"
        )


def rank_change(expected: Tensor, found: Tensor) -> RankChange:
    """Compare the rankings of two matrices of distances.

    Args:
        expected: distances (Nq, Ng) of queries to gallery images, which may be infinite where they are left out.
        found: the same by the other computation, infinite at the same places.
    """
    kept = expected.isfinite()
    before, after = _places(expected, kept), _places(found, kept)
    length = kept.sum(1, keepdim=True)
    short = length.clamp(max=10)
    both = (kept & (before < short) & (after < short)).sum(1, keepdim=True)
    squares = torch.where(kept, before - after, 0).double().square().sum(1, keepdim=True)
    spread = (length.double() ** 3 - length).clamp_min(1)
    return RankChange(
        (expected.argmin(1) == found.argmin(1)).double().mean().item(),
        (both / short).double().mean().item(),
        (1 - 6 * squares / spread).mean().item(),
    )


def feature_cosines(expected: Tensor, found: Tensor) -> tuple[float, float]:
    """Return the mean and the smallest cosine of the rows of two (N, D) features of the same images."""
    cosines = F.cosine_similarity(expected.double(), found.double())
    return cosines.mean().item(), cosines.min().item()


def _places(distances: Tensor, kept: Tensor) -> Tensor:
    """Return the place of each gallery image in its query's list, those that are left out last."""
    return distances.where(kept, torch.inf).argsort(dim=1, stable=True).argsort(dim=1)
