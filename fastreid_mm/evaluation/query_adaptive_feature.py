"""Feature of query-adaptive retrieval (CMT, section 3.3), for an image as gallery and as query."""

from typing import NamedTuple

import torch
from torch import Tensor

from fastreid_mm.common.errors import InputError


class QueryAdaptiveFeature(NamedTuple):
    """Features of N images, compared by :func:`~fastreid_mm.evaluation.query_adaptive_distance`.

    A model returns them as one row for each image: the parts one after the other, then scale, then shift. Such rows may
    be averaged, as in flip testing.

    Examples:
        >>> QueryAdaptiveFeature(torch.ones(1, 2, 2), torch.full((1, 2), 5.0), torch.zeros(1, 2)).pack()
        tensor([[1., 1., 1., 1., 5., 5., 0., 0.]])
    """

    complete: Tensor  # (N, p, d) complete representations, all that a gallery needs
    scale: Tensor  # (N, d) factor by which the image as query scales the gallery
    shift: Tensor  # (N, d) shift that the image as query adds

    def pack(self) -> Tensor:
        """Join parts, scale and shift to (N, (p + 2) * d), one row for each image."""
        return torch.cat([self.complete.flatten(1), self.scale, self.shift], 1)

    @classmethod
    def unpack(cls, features: Tensor, parts: int) -> "QueryAdaptiveFeature":
        """Split rows of :meth:`pack`.

        Args:
            features: (N, (p + 2) * d).
            parts: p.

        Raises:
            InputError: the rows do not divide into that many parts, a scale and a shift.
        """
        if features.ndim != 2 or features.shape[1] % (parts + 2):
            raise InputError(
                f"features of {tuple(features.shape)[-1]} channels are not {parts} parts, a scale and a "
                "shift of one size"
            )
        rows = features.unflatten(1, (parts + 2, -1))  # (N, p + 2, d)
        return cls(rows[:, :parts], rows[:, parts], rows[:, parts + 1])
