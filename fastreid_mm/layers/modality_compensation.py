"""CMT's modality-level alignment: features of the modality that an image lacks.

Jiang et al., "Cross-Modality Transformer for Visible-Infrared Person Re-Identification", ECCV 2022 (no arXiv version),
section 3.1, eq. 1-5
"""

import torch
from torch import Tensor, nn

from fastreid_mm.common.errors import require_choice

DECODERS = ("attention", "block")


class ModalityCompensation(nn.Module):
    """A transformer that turns part features of one modality into those that the other modality would have.

        encoded = Encoder(F) (eq. 1 and 2),    compensated = Decoder(P, encoded) (eq. 3 and 4)

    The encoder is one layer over the parts of an image. In the decoder, the same for both modalities, the prototypes P
    of the missing modality attend to each other and then to the encoded parts. Parts need no position encoding: each
    has its own prototype.

    Args:
        dim: channels d of a part feature.
        parts: how many parts p an image has.
        num_heads: how many attention heads; the paper does not say.
        ffn_ratio: channels of the hidden layer of the feed-forward networks, over ``dim``.
        dropout: dropout of the transformer.
        decoder: "attention" ends with eq. 4, the weighted sum over the encoded parts. "block" is a whole decoder layer
            of a transformer, with residual connections, norms and a feed-forward network after it: what it makes is
            longer than the real features and hardly depends on the image, for the prototypes' share outweighs it.
        start: initial weight of the last LayerNorm of a "block". With 1, as transformers have it, compensated features
            are 1.4 times as long as the real features to which eq. 5 adds them, if those come from BatchNorm and ReLU.

    Raises:
        ValueError: the decoder is unknown.

    Example:
        >>> compensation = ModalityCompensation(dim=64, parts=6)
        >>> encoded, compensated = compensation(torch.rand(4, 6, 64), modalities=torch.tensor([0, 0, 1, 1]))
        >>> encoded.shape, compensated.shape
        (torch.Size([4, 6, 64]), torch.Size([4, 6, 64]))
    """

    def __init__(
        self,
        dim: int,
        parts: int,
        num_heads: int = 8,
        ffn_ratio: int = 4,
        dropout: float = 0.1,
        decoder: str = "attention",
        start: float = 1.0,
    ) -> None:
        super().__init__()
        require_choice("decoder", decoder, DECODERS)
        self.encoder = nn.TransformerEncoderLayer(dim, num_heads, ffn_ratio * dim, dropout, batch_first=True)
        self.decoder: nn.Module
        if decoder == "block":
            block = nn.TransformerDecoderLayer(dim, num_heads, ffn_ratio * dim, dropout, batch_first=True)
            nn.init.constant_(block.norm3.weight, start)
            self.decoder = block
        else:
            self.decoder = _AttentionDecoder(dim, num_heads, dropout)
        self.prototypes = nn.Parameter(nn.init.normal_(torch.empty(2, parts, dim), std=0.02))

    def forward(self, parts: Tensor, modalities: Tensor) -> tuple[Tensor, Tensor]:
        """(B, p, d) part features and (B,) modality labels to the encoded parts and those of the missing modality.

        Returns:
            Encoded parts (B, p, d) and compensated parts (B, p, d).
        """
        encoded = self.encoder(parts)
        missing = 1 - modalities  # infrared for a visible image, and the other way round
        return encoded, self.decoder(self.prototypes[missing], encoded)


class _AttentionDecoder(nn.Module):
    """The two attentions of a transformer's decoder layer; eq. 4 has nothing after the second. Names are PyTorch's."""

    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(dim, num_heads, dropout, batch_first=True)
        self.multihead_attn = nn.MultiheadAttention(dim, num_heads, dropout, batch_first=True)
        self.norm1, self.dropout1 = nn.LayerNorm(dim), nn.Dropout(dropout)

    def forward(self, prototypes: Tensor, encoded: Tensor) -> Tensor:
        """(B, p, d) prototypes and encoded parts to (B, p, d) compensated parts."""
        attended, _ = self.self_attn(prototypes, prototypes, prototypes, need_weights=False)
        queries = self.norm1(prototypes + self.dropout1(attended))
        return self.multihead_attn(queries, encoded, encoded, need_weights=False)[0]
