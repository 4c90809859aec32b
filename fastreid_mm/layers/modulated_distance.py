"""Distances to a gallery that every query modulates in its own way, as matrix products (CMT, section 3.3).

With query x, gallery y, and the scale g and shift b that come from x, the modulated gallery feature is
``y' = g * y + b`` (eq. 13), g and b alike for all parts. Multiplied out, everything that depends on both x and y is a
product of a query matrix and a gallery matrix. What scale and shift have in common for all parts is summed over the
parts first, so only one of the products is p * d long.

The gallery enters with its mean m taken out, ``y' = g * (y - m) + (b + g * m)``, which changes nothing but keeps the
terms, and so what rounding leaves of their sum, small when features share an offset.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

CHUNK = 1 << 22
"""Numbers of query features at a time: few enough to bound the memory and to stay near the processor."""


def modulated_euclidean(query: Tensor, gallery: Tensor, scale: Tensor, shift: Tensor, eps: float = 1e-12) -> Tensor:
    """``|x - y'|`` of every query x to every gallery feature as modulated by x.

    ``|a - g y|^2 = |a|^2 - 2 (a g) y + g^2 y^2`` with ``a = x - b``.

    Args:
        query: (Nq, p, d).
        gallery: (Ng, p, d).
        scale: (Nq, d), one row for each query.
        shift: (Nq, d).
        eps: least square, so that the gradient of the root is finite.

    Returns:
        (Nq, Ng).
    """
    mean = gallery.mean(0)  # (p, d)
    gallery = gallery - mean
    flat, squares = gallery.flatten(1).T, gallery.square().sum(1).T  # (p * d, Ng), (d, Ng)
    rows = []
    for x, g, b in _chunks(query, scale, shift):
        rest = x - torch.addcmul(b[:, None], g[:, None], mean)  # (n, p, d), "a"
        square = torch.addmm(rest.flatten(1).square().sum(1, keepdim=True), g.square(), squares)
        rows.append(torch.addmm(square, (rest * g[:, None]).flatten(1), flat, alpha=-2))
    return torch.cat(rows).clamp(min=eps).sqrt()


def modulated_cosine(query: Tensor, gallery: Tensor, scale: Tensor, shift: Tensor, eps: float = 1e-12) -> Tensor:
    """``1 - cos(x, y')`` of every query x and every gallery feature as modulated by x, all parts in one vector.

    ``x y' = (x g) y + x b`` and ``|y'|^2 = g^2 y^2 + 2 (g b) y + |b|^2``.

    Args:
        query: (Nq, p, d).
        gallery: (Ng, p, d).
        scale: (Nq, d), one row for each query.
        shift: (Nq, d).
        eps: least norm; a vector of zeros is at distance 1 from all others.

    Returns:
        (Nq, Ng).
    """
    # one mean for all parts: scale and shift can cancel no more than that, and two products stay d long
    mean = gallery.mean((0, 1))  # (d,)
    gallery = gallery - mean
    flat, squares, sums = gallery.flatten(1).T, gallery.square().sum(1).T, gallery.sum(1).T  # (p * d or d, Ng)
    rows = []
    for x, g, b in _chunks(query, scale, shift):
        # the cosine does not see a common factor, and without it the squares of small scales would vanish
        largest = torch.maximum(g.abs(), b.abs()).amax(1, keepdim=True).clamp(min=torch.finfo(g.dtype).tiny)
        g = g / largest
        b = torch.addcmul(b / largest, g, mean)
        square = gallery.shape[1] * b.square().sum(1, keepdim=True)
        square = torch.addmm(torch.addmm(square, g.square(), squares), g * b, sums, alpha=2)  # |y'|^2
        dot = torch.addmm((x.sum(1) * b).sum(1, keepdim=True), (x * g[:, None]).flatten(1), flat)
        norm = x.flatten(1).norm(dim=1, keepdim=True).clamp(min=eps) * square.clamp(min=eps**2).sqrt()
        rows.append(1 - dot / norm)
    return torch.cat(rows)


def _chunks(query: Tensor, scale: Tensor, shift: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(Nq, p, d) queries with their scales and shifts, in pieces of at most ``CHUNK`` query numbers."""
    rows = max(1, CHUNK // max(1, query.shape[1] * query.shape[2]))
    return zip(query.split(rows), scale.split(rows), shift.split(rows))
