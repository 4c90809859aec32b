"""Name what is known of the samples of a training batch."""

from typing import NamedTuple

from torch import Tensor


class Labels(NamedTuple):
    """The labels of a batch, of all processes together where losses are computed."""

    targets: Tensor
    """(B,) identities, 0 .. N - 1."""
    modalities: Tensor | None = None
    """(B,) 0 for visible and 1 for infrared; None for samples of several modalities."""
