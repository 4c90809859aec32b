"""Where an image is like another one, by Grad-CAM.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017,
https://arxiv.org/abs/1610.02391; computed by the library grad-cam.
"""

from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from pytorch_grad_cam import GradCAM
from torch import Tensor, nn

from fastreid_mm.errors import InputError
from fastreid_mm.evaluation import QueryAdaptiveFeature
from fastreid_mm.modeling.backbones.multi_stream import MultiStreamResNet
from fastreid_mm.modeling.backbones.stages import Layout, layout_of
from fastreid_mm.modeling.backbones.two_stream import TwoStreamResNet
from fastreid_mm.modeling.contract import as_meta_architecture
from fastreid_mm.modeling.meta_arch.aligned_model import AlignedModel


def similarity_heat(model: nn.Module, sample: dict, other: dict) -> np.ndarray:
    """Which places of a sample make its feature similar to that of another one.

    The target of Grad-CAM is the length of the feature along the other one, which is constant: a cosine that is not
    divided by the feature's own norm. Divided, it would not change with the feature's length, so that what speaks for
    and against a match would cancel over the places, and many maps be empty. The maps are the last ones of the
    backbone, of each modality by itself. Of CMT's features the complete representations are compared, without the
    modulation.

    Args:
        model: in evaluation mode.
        sample: a batch of one, of ``images`` (1, 3, H, W) or (1, M, 3, H, W) and what else the model needs.
        other: another batch of one.

    Returns:
        (M, H, W) heat of each modality from 0 to 1, M = 1 for single images; zero where a modality is missing.

    Raises:
        InputError: the backbone is of no kind whose maps are known.
    """
    images = sample["images"]
    flat = images.flatten(1, -3)  # (1, M * 3, H, W): the library takes images
    with torch.no_grad():
        direction = F.normalize(_compared(model, model(other)))[0]  # (D,)
    heat = np.zeros((flat.shape[1] // 3, *flat.shape[2:]), dtype=np.float32)
    layers = _last_layers(model)
    held = sample.get("modality_mask", torch.ones(1, len(heat)))[0]
    for index in torch.nonzero(held).flatten().tolist():
        layer = layers[min(index, len(layers) - 1)]
        with GradCAM(model=_FromImages(model, sample), target_layers=[layer]) as cam:
            heat[index] = cam(input_tensor=flat, targets=[lambda feature: feature @ direction])[0]
    return heat


class _FromImages(nn.Module):
    """A model as the library calls one: images to features, with all else of a batch as it is."""

    def __init__(self, model: nn.Module, batch: dict) -> None:
        super().__init__()
        self.model, self._batch = model, batch

    def forward(self, images: Tensor) -> Tensor:
        """(1, M * 3, H, W) to (1, D)."""
        shaped = images.view_as(self._batch["images"])
        return _compared(self.model, self.model(self._batch | {"images": shaped}))


def _compared(model: nn.Module, features: Tensor) -> Tensor:
    """(N, D) features without what says only how to compare them."""
    if isinstance(model, AlignedModel):
        return features[:, : sum(model.block_sizes)]
    parts = as_meta_architecture(model, "cosine").query_adaptive_parts
    return QueryAdaptiveFeature.unpack(features, parts).complete.flatten(1) if parts else features


def _last_layers(model: nn.Module) -> list[nn.Module]:
    """What makes the last maps: of each modality, or of all."""
    backbone = getattr(model, "backbone", None)
    if isinstance(backbone, TwoStreamResNet):
        return [backbone.rest]
    if isinstance(backbone, MultiStreamResNet):
        return [getattr(stream, cast(Layout, layout_of(stream)).names[-1]) for stream in backbone.streams]
    raise InputError(f"attention: it is not known which maps of a {type(model).__name__} to draw")
