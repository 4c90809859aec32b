"""The base of backbones that pass on tokens to which a method may add, as CMTR does with its embeddings."""

from collections.abc import Iterator

from torch import Tensor, nn


class TokenEncoder(nn.Module):
    """Turns images into tokens, and tokens into the feature of each image."""

    dim: int
    """Channels D of the feature."""
    token_dim: int
    """Channels of a token before the first block."""
    prefix_tokens: int
    """Tokens before those of the patches: P."""

    def pretrained_parameters(self) -> Iterator[nn.Parameter]:
        """Give the parameters with pretrained weights."""
        raise NotImplementedError

    def tokens(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalized images to (B, P + N, token_dim) tokens."""
        raise NotImplementedError

    def encode(self, tokens: Tensor) -> Tensor:
        """(B, P + N, token_dim) tokens to those after the last block, which have D channels."""
        raise NotImplementedError

    def feature(self, tokens: Tensor) -> Tensor:
        """Make the (B, D) feature of each image of its encoded tokens."""
        raise NotImplementedError

    def encode_feature(self, tokens: Tensor) -> Tensor:
        """(B, P + N, token_dim) tokens to the (B, D) feature of each image."""
        return self.feature(self.encode(tokens))
