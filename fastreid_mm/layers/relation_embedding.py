"""IEEE's relation-based embedding module (REM).

Wang et al., "Interact, Embed, and EnlargE: Boosting Modality-Specific Representations for Multi-Modal Person
Re-identification", AAAI 2022, section "Relation-based Embedding Module", eq. 3 and 4,
https://ojs.aaai.org/index.php/AAAI/article/view/20165
"""

import torch
from torch import Tensor, nn

from fastreid_mm.common.errors import require_choice
from fastreid_mm.layers.choices import READINGS
from fastreid_mm.layers.shapes import require_shapes


class RelationEmbedding(nn.Module):
    """Relation of each part feature x_i to the feature f of the whole image, added to the part feature.

        paper:       x_i + f + v_i W_v f,    v = softmax_i <W_q x_i, W_k f>
        official:    x_i + 2 beta W_k f

    "paper" takes the softmax over all parts. "official" is what the released code computes: its softmax runs over a
    single number, and is one whatever the query and value projections are, so that they are left out here. Its scalar
    beta starts at zero, and until beta has moved the key projection has no gradient.

    Args:
        dim: channels C of a part feature.
        reading: "official" or "paper".

    Raises:
        ValueError: the reading is unknown.

    Examples:
        >>> relation = RelationEmbedding(dim=64, reading="paper")
        >>> relation(torch.rand(2, 6, 64), torch.rand(2, 64)).shape
        torch.Size([2, 6, 64])
    """

    def __init__(self, dim: int, reading: str = "official") -> None:
        super().__init__()
        require_choice("reading", reading, READINGS)
        self.reading = reading
        self.key = nn.Linear(dim, dim)
        if reading == "official":
            self.beta = nn.Parameter(torch.zeros(1))
        else:
            self.query = nn.Linear(dim, dim)
            self.value = nn.Linear(dim, dim)

    def forward(self, parts: Tensor, whole: Tensor) -> Tensor:
        """Add to (B, p, C) part features their relations to the (B, C) feature of the whole image.

        Raises:
            ValueError: the shapes do not go together.
        """
        channels = self.key.in_features
        require_shapes(parts=(parts, f"B p {channels}"), whole=(whole, f"B {channels}"))
        key = self.key(whole)  # (B, C)
        if self.reading == "official":
            return parts + 2 * self.beta * key[:, None]
        relation = torch.einsum("bpc,bc->bp", self.query(parts), key).softmax(dim=1)
        return parts + whole[:, None] + relation[..., None] * self.value(whole)[:, None]
