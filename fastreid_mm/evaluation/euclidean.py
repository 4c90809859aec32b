"""Euclidean distances as a matrix product, exact within rounding.

The sum |x|^2 + |y|^2 - 2 x y cancels: if features are long and their distances short, no digits are left. So a mean of
the gallery is subtracted from both sides, which changes no distance. Distances that are still short against the
features, as between near duplicates or in a gallery of several far groups, are computed again: pairs by their
differences if they are few, or else all of them in float64.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from fastreid_mm.evaluation.query_blocks import query_blocks

_TILE = 1 << 22  # distances, or values of features, computed at a time
_COLUMNS = 64  # fewest gallery features for which the product is fast
_FEW = 256  # a pair by its difference takes as long as so many pairs by a product in float64
_SAMPLE = 256  # features that are averaged: their mean is near enough to the mean of all
_NEAR, _NEAR_64 = 2.0**-6, 2.0**-26  # below these shares of |x|^2 + |y|^2 a square has too few digits left
_NEAR_TWICE = 2.0**-34  # the same for float64 that is converted to float32
_SMALLEST, _LARGEST = 1e-30, 1e30  # range of squares within float32


def euclidean(query: Tensor, gallery: Tensor, squared: bool = False, unit: bool = False) -> Tensor:
    """Compute the distance of every query to every gallery feature.

    The error relative to the distance is below 5e-5 in float32, most often 5e-7, and 1e-7 in float64, whatever the
    length of the features. Memory beside the result is that of some tiles, whatever the size of the gallery. Queries
    are compared in :func:`query_blocks`, so such blocks alone give the same digits.

    Args:
        query: (Nq, D), float32 or float64.
        gallery: (Ng, D) of the same type.
        squared: whether to return the squares of the distances.
        unit: whether to bring all features to length one first.

    Returns:
        (Nq, Ng) of that type; NaN where a feature is.

    Examples:
        >>> euclidean(torch.tensor([[1e4, 1.0]]), torch.tensor([[1e4, 3.0], [1e4, 1.5]]))
        tensor([[2.0000, 0.5000]])
    """
    distance = query.new_empty(len(query), len(gallery))
    if not distance.numel():
        return distance
    center = _center(_scaled(gallery[:: -(-len(gallery) // _SAMPLE)], unit))
    for rows in query_blocks(*distance.shape):
        _fill_rows(distance[rows], _scaled(query[rows], unit), gallery, center, squared, unit)
    return distance


def _scaled(features: Tensor, unit: bool) -> Tensor:
    return F.normalize(features, dim=1) if unit else features


def _center(sample: Tensor) -> Tensor:
    """Average some features, (D,), relative to the first, so that the mean of equal features is exact."""
    first = _finite(sample[0])
    return first + _finite((sample - first).mean(0))


def _finite(values: Tensor) -> Tensor:
    return values.where(values.isfinite(), 0)


def _squares(features: Tensor) -> Tensor:
    """Compute the squared lengths (N,) of features (N, D)."""
    return torch.linalg.vector_norm(features, dim=1).square_()


def _fill_rows(distance: Tensor, query: Tensor, gallery: Tensor, center: Tensor, squared: bool, unit: bool) -> None:
    """Write the distances (n, Ng) of some queries (n, D), tile by tile of the gallery."""
    centred, doubled = query - center, False
    width = max(_COLUMNS, _TILE // max(1, *query.shape))
    for written, part in zip(distance.split(width, dim=1), gallery.split(width)):
        tile, squares = _scaled(part, unit), written
        if not doubled and not _fill(squares, query, tile, centred, tile - center):
            doubled, center = True, center.double()
            centred = query - center
        if doubled:
            squares = centred.new_empty(written.shape)
            _fill(squares, query, tile, centred, tile - center)
        if doubled or not squared:
            written.copy_(squares if squared else squares.sqrt_())


def _fill(squares: Tensor, query: Tensor, gallery: Tensor, centred_query: Tensor, centred_gallery: Tensor) -> bool:
    """Write the squared distances of a tile; return False if float32 has too few digits for many of them.

    Args:
        squares: (n, m), written to.
        query: (n, D).
        gallery: (m, D).
        centred_query: (n, D), the queries minus the centre.
        centred_gallery: (m, D), the gallery minus the centre.
    """
    query_lengths, gallery_lengths = _squares(centred_query), _squares(centred_gallery)
    single, most = squares.dtype == torch.float32, query_lengths.max() + gallery_lengths.max()
    if single and not _SMALLEST < most < _LARGEST:
        return False
    torch.addmm(
        torch.add(query_lengths[:, None], gallery_lengths, out=squares),
        centred_query,
        centred_gallery.T,
        alpha=-2,
        out=squares,
    )
    share, least = (_NEAR, _SMALLEST) if single else (_NEAR_TWICE if query.dtype == torch.float32 else _NEAR_64, 0)
    lost = torch.nonzero(squares.amin(1) < share * (query_lengths + gallery_lengths.max()) + least).flatten()
    near = squares[lost] < share * (query_lengths[lost, None] + gallery_lengths) + least
    if single and near.count_nonzero() > squares.numel() // _FEW:
        return False
    for pairs in torch.nonzero(near).split(max(1, _TILE // max(1, query.shape[1]))):
        rows, columns = lost[pairs[:, 0]], pairs[:, 1]
        squares[rows, columns] = _squares(query[rows].to(squares) - gallery[columns].to(squares))
    return True
