"""Features of samples of several modalities, which say which modalities they were made of."""

from typing import NamedTuple

import torch
from torch import Tensor

from fastreid_mm.common.errors import InputError


class AlignedFeature(NamedTuple):
    """Features of N samples of M modalities.

    A model returns them as one row for each sample if a batch has a mask: the channels, then a 1 for each modality that
    is present and a 0 for each missing one. Rows of channels alone are of complete samples. Both may be averaged, as in
    flip testing.

    Examples:
        >>> AlignedFeature(torch.tensor([[3.0, 0.0]]), torch.tensor([[True, False]])).pack()
        tensor([[3., 0., 1., 0.]])
    """

    values: Tensor  # (N, D)
    held: Tensor  # (N, M) bool, which modalities are present

    def pack(self) -> Tensor:
        """Join features and mask to (N, D + M), one row for each sample."""
        return torch.cat([self.values, self.held.to(self.values.dtype)], 1)

    @classmethod
    def unpack(cls, features: Tensor, size: int, modalities: int) -> "AlignedFeature":
        """Split rows of :meth:`pack`, or of channels alone.

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
