"""Paired bootstrap: is a difference of two means over the same samples more than chance?

Efron and Tibshirani, An Introduction to the Bootstrap, chapters 13 and 16.
"""

from typing import NamedTuple

import numpy as np

from fastreid_mm.common.errors import InputError

RESAMPLES = 4000
_CHUNK = 200  # resamples drawn at a time


class Difference(NamedTuple):
    """Difference of two means.

    Attributes:
        first: mean of the first.
        second: mean of the second.
        low: lower end of the 95 % percentile interval of ``second - first``.
        high: its upper end.
        samples: number of samples that both have.
    """

    first: float
    second: float
    low: float
    high: float
    samples: int

    @property
    def value(self) -> float:
        """Return ``second - first``."""
        return self.second - self.first

    @property
    def more_than_chance(self) -> bool:
        """Tell whether the interval is without 0."""
        return self.low > 0 or self.high < 0


def paired_difference(first: np.ndarray, second: np.ndarray, groups: np.ndarray | None = None) -> Difference:
    """Compare the means of two runs over the same samples.

    Samples are drawn with replacement, whole groups of them at once, since those of one identity rise and fall
    together. The draws are the same in every call.

    Args:
        first: values (N,), nan for a sample without one.
        second: values (N,) of the same samples.
        groups: (N,) labels of the groups; by default each sample is its own.

    Raises:
        InputError: shapes differ, or no sample has both values.
    """
    if first.shape != second.shape:
        raise InputError(f"values of {first.shape} and {second.shape} are of other samples")
    both = ~(np.isnan(first) | np.isnan(second))
    first, second = first[both], second[both]
    if not len(first):
        raise InputError("no sample has a value in both runs")
    _, place = np.unique(np.arange(len(both)) if groups is None else groups, return_inverse=True)
    _, place = np.unique(place[both], return_inverse=True)
    counts = np.bincount(place).astype(np.float64)
    sums = np.bincount(place, weights=second - first)
    random, drawn = np.random.default_rng(0), []
    for _ in range(0, RESAMPLES, _CHUNK):
        chosen = random.integers(len(counts), size=(_CHUNK, len(counts)))
        drawn.append(sums[chosen].sum(1) / counts[chosen].sum(1))
    low, high = np.percentile(np.concatenate(drawn), (2.5, 97.5))
    return Difference(float(first.mean()), float(second.mean()), float(low), float(high), len(first))
