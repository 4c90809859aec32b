"""A trained model in the form that is exported: tensors in, named tensors out."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.read_image import PixelRule
from fastreid_mm.common.smooth_pictures import smooth_pictures
from fastreid_mm.common.version import VERSION
from fastreid_mm.data.transforms import build_transforms
from fastreid_mm.evaluation import QueryAdaptiveFeature
from fastreid_mm.export.description import IMAGES, Description
from fastreid_mm.export.prepare_image import prepare_image
from fastreid_mm.modeling.meta_arch.aligned import AlignedModel
from fastreid_mm.modeling.meta_arch.reid_model import ReIDModel
from fastreid_mm.modeling.tested_network import features_both_ways


class ExportedNetwork(nn.Module):
    """Network that takes the inputs of a batch one by one, and returns the parts of a feature by name.

    The values of the inputs cannot be checked in a graph: a modality that is neither 0 nor 1 counts as visible, and a
    sample without any modality has no feature that could be used.

    Args:
        model: a model of this package, in evaluation mode.
        description: the description of the model.
    """

    def __init__(self, model: ReIDModel, description: Description) -> None:
        super().__init__()
        self.model, self.description = model, description

    def forward(self, images: Tensor, kinds: Tensor) -> dict[str, Tensor]:
        """Compute ``features`` (B, D), and CMT's ``scale`` and ``shift``, of the inputs that the description names."""
        batch = {IMAGES: images, self.description.second_input: kinds}
        rows = features_both_ways(self.model, batch, self.description.flip)
        if self.description.aligned:  # without the mask that follows the channels: it is an input
            return {"features": rows[:, : sum(channels for channels, _ in self.description.blocks)]}
        if self.description.parts:
            feature = QueryAdaptiveFeature.unpack(rows, self.description.parts)
            return {"features": feature.complete.flatten(1), "scale": feature.scale, "shift": feature.shift}
        return {"features": rows}

    def example(self, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
        """Draw both inputs, for ``count`` images or samples; the first is visible, or lacks the last modality."""
        description, index = self.description, torch.arange(count)
        if not description.aligned:
            return smooth_pictures(count, 3, description.size, seed) * 255, index % 2
        modalities = len(description.modalities)
        mask = (index[:, None] + torch.arange(modalities) + 1) % (modalities + 1) != modalities
        return smooth_pictures(count, 3 * modalities, description.size, seed).unflatten(1, (modalities, 3)) * 255, mask


def describe(cfg: CfgNode, model: ReIDModel, precision: str = "float32") -> Description:
    """Describe a model that was built from a config, and is to be written in a precision.

    Raises:
        InputError: the test transforms of the config do more than resize.
    """
    aligned, pixels = model if isinstance(model, AlignedModel) else None, PixelRule.from_cfg(cfg)
    return Description(
        architecture=cfg.MODEL.META_ARCHITECTURE,
        metric=model.metric,
        size=_size(cfg),
        resize=cfg.INPUT.RESIZE,
        modalities=aligned.modalities if aligned else ("visible", "infrared"),
        aligned=aligned is not None,
        flip=cfg.TEST.FLIP.ENABLED,
        parts=model.query_adaptive_parts,
        blocks=tuple((block.size, block.needs) for block in aligned.blocks) if aligned else (),
        version=VERSION,
        range_16bit=pixels.range_16bit,
        percentiles_16bit=pixels.percentiles,
        precision=precision,
    )


def _size(cfg: CfgNode) -> tuple[int, int]:
    """Return the (height, width) of test images; refuse test transforms that :func:`prepare_image` does not make."""
    noise = np.random.default_rng(0).integers(0, 256, (60, 40, 3), np.uint8)
    expected = build_transforms(cfg, is_train=False)(Image.fromarray(noise)).numpy()
    size = expected.shape[1:]
    if not np.array_equal(prepare_image(noise, size, cfg.INPUT.RESIZE), expected):
        raise InputError(
            "INPUT: an exported network takes images that are resized and no more; set INPUT.CROP.ENABLED False"
        )
    return size
