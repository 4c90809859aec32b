"""Euclidean distances as a matrix product, exact within rounding.

The product |x|^2 + |y|^2 - 2 x y cancels: where features are long and their distances short, nothing is left of these.
So a mean of the gallery is taken off both sides, which changes no distance, and what is still short against the
features, near duplicates or a gallery of several far groups, is computed again: pairs by their differences where they
are few, or else all of them with twice the digits.
"""

import torch
from torch import Tensor

_BLOCK = 1 << 22  # distances, or numbers of features, that are computed at a time
_ROWS = 64  # queries at least, that the product is fast
_FEW = 256  # a pair by its difference takes as long as so many of a product with twice the digits
_SAMPLE = 256  # features that are averaged: a mean near that of all is as good
_NEAR, _NEAR_64 = 2.0**-6, 2.0**-26  # below these shares of |x|^2 + |y|^2 a square has too few digits left
_NEAR_TWICE = 2.0**-34  # the same where float64 is to be brought to float32
_SMALLEST, _LARGEST = 1e-30, 1e30  # squares that float32 has digits for


def euclidean(query: Tensor, gallery: Tensor, squared: bool = False) -> Tensor:
    """Distance of every query to every gallery feature.

    Relative to the distance the error is below 5e-5 in float32, most often 5e-7, and 1e-7 in float64, whatever the
    length of the features. Memory beside the result is a copy of the features, and some blocks.

    Args:
        query: (Nq, D), float32 or float64.
        gallery: (Ng, D) of the same type.
        squared: give the squares of the distances.

    Returns:
        (Nq, Ng) of that type; NaN where a feature is.

    Example:
        >>> euclidean(torch.tensor([[1e4, 1.0]]), torch.tensor([[1e4, 3.0], [1e4, 1.5]]))
        tensor([[2.0000, 0.5000]])
    """
    found = query.new_empty(len(query), len(gallery))
    if not found.numel():
        return found
    center = _center(gallery)
    moved = gallery - center
    others, start = _squares(moved), 0
    for part in query.split(max(_ROWS, _BLOCK // len(gallery))):
        if not _fill(found[start : start + len(part)], part, gallery, part - center, moved, others):
            _fill_with_twice_the_digits(found[start:], query[start:], gallery, center, squared)
            return found
        start += len(part)
    return found if squared else found.sqrt_()


def _center(gallery: Tensor) -> Tensor:
    """(D,) mean of some features; of equal ones just these, by way of the first."""
    sample = gallery[:: -(-len(gallery) // _SAMPLE)]
    first = _finite(sample[0])
    return first + _finite((sample - first).mean(0))


def _finite(values: Tensor) -> Tensor:
    return values.where(values.isfinite(), 0)


def _squares(features: Tensor) -> Tensor:
    """(N, D) to (N,) squared lengths."""
    return torch.linalg.vector_norm(features, dim=1).square_()


def _fill(found: Tensor, query: Tensor, gallery: Tensor, asking: Tensor, asked: Tensor, others: Tensor) -> bool:
    """Write the squared distances of some queries; False where float32 has too few digits for too many of them.

    Args:
        found: (n, Ng), to be written to.
        query: (n, D).
        gallery: (Ng, D).
        asking: (n, D), the queries without the centre.
        asked: (Ng, D), likewise.
        others: (Ng,) squared lengths of these.
    """
    own, single = _squares(asking), found.dtype == torch.float32
    most = own.max() + others.max()
    if single and not _SMALLEST < most < _LARGEST:
        return False
    torch.addmm(torch.add(own[:, None], others, out=found), asking, asked.T, alpha=-2, out=found)
    share, least = (_NEAR, _SMALLEST) if single else (_NEAR_TWICE if query.dtype == torch.float32 else _NEAR_64, 0)
    lost = torch.nonzero(found.amin(1) < share * (own + others.max()) + least).flatten()
    near = found[lost] < share * (own[lost, None] + others) + least
    if single and near.count_nonzero() > found.numel() // _FEW:
        return False
    for pairs in torch.nonzero(near).split(max(1, _BLOCK // max(1, query.shape[1]))):
        rows, columns = lost[pairs[:, 0]], pairs[:, 1]
        found[rows, columns] = _squares(query[rows].to(found) - gallery[columns].to(found))
    return True


def _fill_with_twice_the_digits(found: Tensor, query: Tensor, gallery: Tensor, center: Tensor, squared: bool) -> None:
    """Write (n, Ng) distances or squares of float32 features, computed in float64."""
    center, start = center.double(), 0
    asking = query - center
    for part in gallery.split(max(_ROWS, _BLOCK // max(gallery.shape[1], len(query)))):
        block = asking.new_empty(len(query), len(part))
        asked = part - center
        _fill(block, query, part, asking, asked, _squares(asked))
        found[:, start : start + len(part)] = block if squared else block.sqrt_()
        start += len(part)
