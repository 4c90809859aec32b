"""Position embeddings of a vision transformer, moved to another grid of patches."""

import torch
import torch.nn.functional as F
from torch import Tensor


def resize_position_embedding(embedding: Tensor, grid: tuple[int, int], prefix_tokens: int = 1) -> Tensor:
    """Bilinear resize of a square grid of position embeddings, as TransReID does; prefix tokens are kept.

    Args:
        embedding: (1, prefix_tokens + S * S, D).
        grid: (rows, columns) of the new grid.
        prefix_tokens: how many leading tokens (the class token) have no place in the image.

    Returns:
        (1, prefix_tokens + rows * columns, D).

    Raises:
        ValueError: the grid given is not square.
    """
    prefix, patches = embedding[:, :prefix_tokens], embedding[:, prefix_tokens:]
    side = round(patches.shape[1] ** 0.5)
    if side * side != patches.shape[1]:
        raise ValueError(f"{patches.shape[1]} position embeddings do not form a square grid")
    patches = patches.reshape(1, side, side, -1).permute(0, 3, 1, 2)  # (1, D, S, S)
    patches = F.interpolate(patches, size=grid, mode="bilinear", align_corners=False)
    return torch.cat([prefix, patches.flatten(2).transpose(1, 2)], dim=1)
