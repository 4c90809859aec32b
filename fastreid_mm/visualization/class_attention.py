"""Attention of a vision transformer's class token."""

from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F


def attention_heat(model: Any, sample: dict) -> np.ndarray:
    """Return the attention of the class token, or of all patches if it is no feature, to each patch in the last block.

    Args:
        model: a model with ``attention_maps(images, modalities)``, in evaluation mode.
        sample: a batch of one.

    Returns:
        (1, H, W) from 0 to 1.
    """
    images, backbone = sample["images"], model.backbone
    last = model.attention_maps(images, torch.as_tensor(sample["modalities"]))[-1]  # (1, heads, P + N, P + N)
    asking = slice(0, 1) if backbone.class_token else slice(backbone.prefix_tokens, None)
    patches = last[:, :, asking, backbone.prefix_tokens :].mean((1, 2))  # (1, N)
    grid = cast(tuple[int, int], tuple(backbone.vit.patch_embed.grid_size))
    heat = F.interpolate(patches.unflatten(1, grid)[:, None], images.shape[-2:], mode="bilinear")[0]  # (1, H, W)
    heat = heat - heat.min()
    return (heat / heat.max().clamp(min=1e-12)).cpu().numpy()
