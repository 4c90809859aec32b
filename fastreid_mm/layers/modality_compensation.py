"""Filling in the modality that an image lacks (CMT, section 3.2, eq. 1-5)."""

import torch
from torch import Tensor, nn


class ModalityCompensation(nn.Module):
    """A transformer that turns part features of one modality into those the other modality would have.

    The encoder is one layer over the parts of an image. The decoder is one layer, the same for both modalities: the
    prototypes of the missing modality attend to each other and then to what the encoder made of the image. Parts need
    no position encoding: each has its own prototype.

    Args:
        dim: channels d of a part feature.
        parts: how many parts p an image has.
        num_heads: attention heads; the paper does not say.
        ffn_ratio: channels of the hidden layer of the feed-forward networks, over ``dim``.
        dropout: of the transformer.
        start: what the weight of the decoder's last LayerNorm starts at. With 1, as transformers have it, what is made
            up is larger than the real features it is added to (eq. 5): 1.4 times if those come from BatchNorm and ReLU.
    """

    def __init__(self, dim: int, parts: int, num_heads: int = 8, ffn_ratio: int = 4, dropout: float = 0.1,
                 start: float = 1.0):
        super().__init__()
        self.encoder = nn.TransformerEncoderLayer(dim, num_heads, ffn_ratio * dim, dropout, batch_first=True)
        self.decoder = nn.TransformerDecoderLayer(dim, num_heads, ffn_ratio * dim, dropout, batch_first=True)
        nn.init.constant_(self.decoder.norm3.weight, start)
        self.prototypes = nn.Parameter(nn.init.normal_(torch.empty(2, parts, dim), std=0.02))

    def forward(self, parts: Tensor, modalities: Tensor) -> tuple[Tensor, Tensor]:
        """(B, p, d) part features and (B,) modalities to the encoded parts and those of the missing modality.

        Returns:
            Encoded parts (B, p, d), eq. 1-2, and compensated parts (B, p, d), eq. 3-4.
        """
        encoded = self.encoder(parts)
        return encoded, self.decoder(self.prototypes[1 - modalities], encoded)
