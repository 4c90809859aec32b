"""The feature of a sample of several modalities, which says which of them it was made of."""

from typing import NamedTuple

import torch
from torch import Tensor

from fastreid_mm.common.errors import InputError


class AlignedFeature(NamedTuple):
    """N samples of M modalities.

    As one row a sample, which is how a model gives them where a batch has a mask, they are the channels, then a 1 for
    each modality that is there and a 0 for each that is not. Rows without the latter have everything. Both may be
    averaged, as in flip testing.

    Example:
        >>> AlignedFeature(torch.tensor([[3.0, 0.0]]), torch.tensor([[True, False]])).pack()
        tensor([[3., 0., 1., 0.]])
    """

    values: Tensor  # (N, D)
    held: Tensor  # (N, M) bool, which modalities it was made of

    def pack(self) -> Tensor:
        """(N, D + M), a row a sample."""
        return torch.cat([self.values, self.held.to(self.values.dtype)], 1)

    @classmethod
    def unpack(cls, features: Tensor, size: int, modalities: int) -> "AlignedFeature":
        """What :meth:`pack` packed, or channels alone.

        Args:
            features: (N, D) or (N, D + M).
            size: D.
            modalities: M.

        Raises:
            InputError: the rows have another width.
        """
        if features.ndim == 2 and features.shape[1] == size:
            return cls(features, features.new_ones(len(features), modalities, dtype=torch.bool))
        if features.ndim != 2 or features.shape[1] != size + modalities:
            raise InputError(
                f"features of {tuple(features.shape)[-1]} columns have not {size} channels, or "
                f"{size + modalities} with which of {modalities} modalities are there"
            )
        return cls(features[:, :size], features[:, size:] > 0.5)
