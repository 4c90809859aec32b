"""A trained model as what is exported: tensors in, named tensors out."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from yacs.config import CfgNode

import fastreid_mm
from fastreid_mm.common.smooth_pictures import smooth_pictures
from fastreid_mm.data.transforms import build_transforms
from fastreid_mm.errors import InputError
from fastreid_mm.evaluation import QueryAdaptiveFeature
from fastreid_mm.export.description import IMAGES, Description
from fastreid_mm.export.prepare_image import prepare_image
from fastreid_mm.modeling.flip_testing import features_both_ways
from fastreid_mm.modeling.meta_arch.aligned_model import AlignedModel
from fastreid_mm.modeling.meta_arch.reid_model import ReIDModel


class ExportedNetwork(nn.Module):
    """Takes the inputs of a batch by themselves, and gives the parts of a feature by name.

    The values of the inputs cannot be checked in a graph: a modality that is neither 0 nor 1 counts as visible, and a
    sample without any modality has no feature that could be used.

    Args:
        model: of this package, in evaluation mode.
        description: of it.
    """

    def __init__(self, model: ReIDModel, description: Description) -> None:
        super().__init__()
        self.model, self.description = model, description

    def forward(self, images: Tensor, kinds: Tensor) -> dict[str, Tensor]:
        """The two inputs of :attr:`Description.aligned` to ``features`` (B, D), and of CMT ``scale`` and ``shift``."""
        batch = {IMAGES: images, self.description.second_input: kinds}
        rows = features_both_ways(self.model, batch, self.description.flip)
        if self.description.aligned:  # without the mask that follows the channels: it is an input
            return {"features": rows[:, : sum(channels for channels, _ in self.description.blocks)]}
        if self.description.parts:
            feature = QueryAdaptiveFeature.unpack(rows, self.description.parts)
            return {"features": feature.complete.flatten(1), "scale": feature.scale, "shift": feature.shift}
        return {"features": rows}

    def example(self, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
        """Both inputs, of ``count`` drawn images or samples; the first is visible, or lacks the last modality."""
        known, index = self.description, torch.arange(count)
        if not known.aligned:
            return smooth_pictures(count, 3, known.size, seed) * 255, index % 2
        modalities = len(known.modalities)
        mask = (index[:, None] + torch.arange(modalities) + 1) % (modalities + 1) != modalities
        return smooth_pictures(count, 3 * modalities, known.size, seed).unflatten(1, (modalities, 3)) * 255, mask


def describe(cfg: CfgNode, model: ReIDModel) -> Description:
    """The description of a model that was built from a config.

    Raises:
        InputError: its test transforms do more than resize.
    """
    aligned = model if isinstance(model, AlignedModel) else None
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
        version=fastreid_mm.__version__,
        range_16bit=tuple(cfg.INPUT.RANGE_16BIT),
    )


def _size(cfg: CfgNode) -> tuple[int, int]:
    """(height, width) of what the test transforms give, which must be what :func:`prepare_image` does."""
    noise = np.random.default_rng(0).integers(0, 256, (60, 40, 3), np.uint8)
    expected = build_transforms(cfg, is_train=False)(Image.fromarray(noise)).numpy()
    size = expected.shape[1:]
    if not np.array_equal(prepare_image(noise, size, cfg.INPUT.RESIZE), expected):
        raise InputError(
            "INPUT: an exported network takes images that are resized and no more; set INPUT.CROP.ENABLED False"
        )
    return size
