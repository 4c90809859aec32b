"""Part features told about the whole image (IEEE, section "Relation-based Embedding Module", eq. 3-4)."""

import torch
from torch import Tensor, nn

from fastreid_mm.layers.shapes import require_shapes

READINGS = ("official", "paper")


class RelationEmbedding(nn.Module):
    """Adds to each part what it has to do with the whole (REM).

    "official" is what the released code computes: its softmax runs over a single number and is one, whatever query and
    value projections say, so they are left out here. What remains is ``part + 2 beta W_k whole``, with a scalar beta
    that starts at zero; until beta has moved the key projection has no gradient.

    "paper" weighs the parts by a softmax over all of them of ``<W_q part, W_k whole>``, and adds
    ``whole + weight W_v whole``.

    Args:
        dim: channels C of a part feature.
        reading: "official" or "paper".

    Raises:
        ValueError: an unknown reading.
    """

    def __init__(self, dim: int, reading: str = "official"):
        super().__init__()
        if reading not in READINGS:
            raise ValueError(f"reading {reading!r} is not one of {', '.join(READINGS)}")
        self.reading = reading
        self.key = nn.Linear(dim, dim)
        if reading == "official":
            self.beta = nn.Parameter(torch.zeros(1))
        else:
            self.query = nn.Linear(dim, dim)
            self.value = nn.Linear(dim, dim)

    def forward(self, parts: Tensor, whole: Tensor) -> Tensor:
        """(B, p, C) part features and the (B, C) feature of the whole image to (B, p, C).

        Raises:
            ValueError: features of other shapes.
        """
        channels = self.key.in_features
        require_shapes(parts=(parts, f"B p {channels}"), whole=(whole, f"B {channels}"))
        key = self.key(whole)  # (B, C)
        if self.reading == "official":
            return parts + 2 * self.beta * key[:, None]
        relation = torch.einsum("bpc,bc->bp", self.query(parts), key).softmax(dim=1)
        return parts + whole[:, None] + relation[..., None] * self.value(whole)[:, None]
