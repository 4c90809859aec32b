"""Distances to a gallery that every query modulates in its own way, as matrix products.

Jiang et al., "Cross-Modality Transformer for Visible-Infrared Person Re-Identification", ECCV 2022 (no arXiv version),
section 3.2

With query x, gallery y, and the scale g and shift b that come from x, the modulated gallery feature is ``y' = g * y +
b`` (eq. 13), with the same g and b for all parts. Multiplied out, everything that depends on both x and y is a product
of a query matrix and a gallery matrix. Where scale and shift are the same for all parts, the parts are summed first, so
that only one of the products is p * d long.

The mean m of the gallery is subtracted from it first, ``y' = g * (y - m) + (b + g * m)``. That changes nothing but
keeps the terms, and so the rounding error of their sum, small when features share an offset. Queries whose distances
lose too many digits in float32 all the same, because they are very near to an image or the terms are large, are
compared again in float64.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

CHUNK = 1 << 22
"""Numbers of query features processed at a time: few enough to bound the memory and to stay in the cache."""
EPS = 1e-12
"""Least squared distance and least norm, so that the gradients of roots are finite."""
NEAR = 2.0**-7
"""Sums below this share of their terms have too few digits left in float32."""


def modulated_euclidean(query: Tensor, gallery: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Compute the Euclidean distance ``|x - y'|`` of every query x to every gallery feature that x modulates.

        |x - y'|^2 = |a - g y|^2 = |a|^2 - 2 (a g) y + g^2 y^2,    a = x - b

    Args:
        query: (Nq, p, d).
        gallery: (Ng, p, d).
        scale: (Nq, d), one row for each query.
        shift: (Nq, d).

    Returns:
        (Nq, Ng).

    Examples:
        >>> query, gallery = torch.tensor([[[3.0, 4.0]]]), torch.tensor([[[0.0, 0.0]], [[3.0, 2.0]]])
        >>> scale, shift = torch.tensor([[1.0, 2.0]]), torch.zeros(1, 2)
        >>> (modulated_euclidean(query, gallery, scale, shift) - torch.tensor([[5.0, 0.0]])).abs().max() < 1e-3
        tensor(True)
    """
    mean = gallery.mean(0)  # (p, d)
    whole, rows = gallery, []
    gallery = gallery - mean
    flat, squares = gallery.flatten(1).T, gallery.square().sum(1).T  # (p * d, Ng), (d, Ng)
    for x, g, b in _chunks(query, scale, shift):
        rest = x - torch.addcmul(b[:, None], g[:, None], mean)  # (n, p, d), "a"
        square = torch.addmm(rest.flatten(1).square().sum(1, keepdim=True), g.square(), squares)
        distance = torch.addmm(square, (rest * g[:, None]).flatten(1), flat, alpha=-2).clamp(min=EPS).sqrt()
        lost = distance.square().amin(1) < NEAR * square.amax(1)
        rows.append(_in_float64(modulated_euclidean, distance, lost, x, whole, g, b))
    return torch.cat(rows)


def modulated_cosine(query: Tensor, gallery: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Compute the cosine distance ``1 - cos(x, y')`` of every query x to every gallery feature that x modulates.

        x y' = (x g) y + x b,    |y'|^2 = g^2 y^2 + 2 (g b) y + |b|^2

    All parts are one vector; a vector of zeros is at distance 1 from all others.

    Args:
        query, gallery, scale, shift: see :func:`modulated_euclidean`.

    Returns:
        (Nq, Ng).

    Examples:
        >>> query, gallery = torch.tensor([[[3.0, 4.0]]]), torch.tensor([[[4.0, -3.0]], [[3.0, 2.0]]])
        >>> scale, shift = torch.tensor([[1.0, 2.0]]), torch.zeros(1, 2)
        >>> (modulated_cosine(query, gallery, scale, shift)[0, 1].abs() < 1e-6).item()
        True
    """
    # one mean for all parts, because scale and shift are the same for all, and so two products stay d long
    mean = gallery.mean((0, 1))  # (d,)
    whole, gallery = gallery, gallery - mean
    flat, squares, sums = gallery.flatten(1).T, gallery.square().sum(1).T, gallery.sum(1).T  # (p * d or d, Ng)
    rows = []
    for x, g, b in _chunks(query, scale, shift):
        inputs = x, whole, g, b
        # a common factor does not change the cosine; dividing by it keeps the squares of small scales from vanishing
        largest = torch.maximum(g.abs(), b.abs()).amax(1, keepdim=True).clamp(min=torch.finfo(g.dtype).tiny)
        g = g / largest
        b = torch.addcmul(b / largest, g, mean)
        square = gallery.shape[1] * b.square().sum(1, keepdim=True)
        terms = torch.addmm(square, g.square(), squares)
        square = torch.addmm(terms, g * b, sums, alpha=2)  # |y'|^2
        dot = torch.addmm((x.sum(1) * b).sum(1, keepdim=True), (x * g[:, None]).flatten(1), flat)
        norm = x.flatten(1).norm(dim=1, keepdim=True).clamp(min=EPS) * square.clamp(min=EPS**2).sqrt()
        distance = 1 - dot / norm
        lost = (distance.amin(1) < NEAR) | (square < NEAR * terms).any(1)
        rows.append(_in_float64(modulated_cosine, distance, lost, *inputs))
    return torch.cat(rows)


def _in_float64(
    function: Callable[..., Tensor], distance: Tensor, lost: Tensor, query: Tensor, gallery: Tensor, *modulation: Tensor
) -> Tensor:
    """Compute in float64 the rows of float32 distances (n, Ng) that a mask (n,) says have lost their digits."""
    if distance.dtype != torch.float32 or not lost.any():
        return distance
    exact = function(query[lost].double(), gallery.double(), *(each[lost].double() for each in modulation))
    return distance.index_copy(0, lost.nonzero().flatten(), exact.float())


def _chunks(query: Tensor, scale: Tensor, shift: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Split (Nq, p, d) queries, with their scales and shifts, into pieces of at most ``CHUNK`` numbers."""
    rows = max(1, CHUNK // max(1, query.shape[1] * query.shape[2]))
    return zip(query.split(rows), scale.split(rows), shift.split(rows))
