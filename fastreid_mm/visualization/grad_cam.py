"""Places where an image is like another one, by Grad-CAM.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017,
https://arxiv.org/abs/1610.02391; computed by the library grad-cam.
"""

from functools import partial
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from pytorch_grad_cam import GradCAM
from torch import Tensor, nn

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation import QueryAdaptiveFeature
from fastreid_mm.modeling.backbones.hierarchical import HierarchicalEncoder
from fastreid_mm.modeling.backbones.multi_stream import MultiStreamResNet
from fastreid_mm.modeling.backbones.stages import Layout, layout_of
from fastreid_mm.modeling.backbones.token_stages import TokenGrid
from fastreid_mm.modeling.backbones.two_stream import TwoStreamResNet
from fastreid_mm.modeling.contract import as_meta_architecture
from fastreid_mm.modeling.meta_arch.aligned import AlignedModel


def similarity_heat(model: nn.Module, sample: dict, other: dict) -> np.ndarray:
    """Find the places of a sample that make its feature similar to that of another one.

    The target of Grad-CAM is the length of the feature along the other one, which is constant: a cosine that is not
    divided by the feature's own norm. Divided, it would not change with the feature's length, so that what speaks for
    and against a match would cancel over the places, and many maps be empty. The maps are the last ones of the
    backbone, of each modality by itself. Of CMT's features the complete representations are compared, without the
    modulation.

    Args:
        model: in evaluation mode.
        sample: a batch of one, with ``images`` (1, 3, H, W) or (1, M, 3, H, W) and whatever else the model needs.
        other: another batch of one.

    Returns:
        (M, H, W) heat of each modality from 0 to 1, M = 1 for single images; zero where a modality is missing.

    Raises:
        InputError: it is not known which maps of such a backbone to use.
    """
    images = sample["images"]
    flat = images.flatten(1, -3)  # (1, M * 3, H, W): the library takes images
    with torch.no_grad():
        direction = F.normalize(_compared(model, model(other)))[0]  # (D,)
    heat = np.zeros((flat.shape[1] // 3, *flat.shape[2:]), dtype=np.float32)
    layers, grid = _last_layers(model), getattr(getattr(model, "backbone", None), "grid", None)
    held = sample.get("modality_mask", torch.ones(1, len(heat)))[0]
    for index in torch.nonzero(held).flatten().tolist():
        layer = layers[min(index, len(layers) - 1)]
        with GradCAM(_FromImages(model, sample), [layer], partial(_as_maps, grid)) as cam:
            heat[index] = cam(input_tensor=flat, targets=[lambda feature: feature @ direction])[0]
    return heat


class _FromImages(nn.Module):
    """Model as the library calls it, a function of images only; the rest of the batch stays as it is."""

    def __init__(self, model: nn.Module, batch: dict) -> None:
        super().__init__()
        self.model, self._batch = model, batch

    def forward(self, images: Tensor) -> Tensor:
        """Compute the feature (1, D) of images (1, M * 3, H, W)."""
        shaped = images.view_as(self._batch["images"])
        return _compared(self.model, self.model(self._batch | {"images": shaped}))


def _compared(model: nn.Module, features: Tensor) -> Tensor:
    """Return (N, D) features without the entries that only say how to compare them."""
    if isinstance(model, AlignedModel):
        return features[:, : sum(model.block_sizes)]
    parts = as_meta_architecture(model, "cosine").query_adaptive_parts
    return QueryAdaptiveFeature.unpack(features, parts).complete.flatten(1) if parts else features


def _as_maps(grid: TokenGrid | None, found: Tensor) -> Tensor:
    """Return the output of a module, which may be tokens, as maps."""
    return grid.maps(found) if grid is not None and found.ndim == 3 else found


def _last_layers(model: nn.Module) -> list[nn.Module]:
    """Return the modules that make the last maps or tokens, one for each modality or one for all."""
    backbone = getattr(model, "backbone", None)
    if isinstance(backbone, TwoStreamResNet):
        return [backbone.rest]
    if isinstance(backbone, HierarchicalEncoder):
        return [backbone.stages[-1]]
    if isinstance(backbone, MultiStreamResNet):
        last = [getattr(stream, cast(Layout, layout_of(stream)).names[-1]) for stream in backbone.streams]
        return [module[-1] if isinstance(module, nn.ModuleList) else module for module in last]
    raise InputError(f"attention: it is not known which maps of a {type(model).__name__} to draw")
