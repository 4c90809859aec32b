"""The base of all meta-architectures."""

from collections.abc import Iterator
from typing import Protocol, cast

import torch
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.batch_layout import Layout, layout_of
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.keys import refuse_odd
from fastreid_mm.layers.exporting import is_exporting
from fastreid_mm.modeling.contract import MetaArchitecture


class _Backbone(Protocol):
    """The questions that all backbones answer."""

    def pretrained_parameters(self) -> Iterator[nn.Parameter]: ...


class ReIDModel(nn.Module, MetaArchitecture):
    """Normalizes images, knows its device, and keeps the contract. Its ``backbone`` knows what of it was loaded.

    Args:
        metric: "cosine" or "euclidean", the distance that :meth:`pairwise_distance` gives.
        pixel_mean: mean of each channel, for pixel values from 0 to 255.
        pixel_std: standard deviation of each channel.
    """

    pixel_mean: Tensor
    pixel_std: Tensor

    def __init__(self, metric: str, pixel_mean: list[float], pixel_std: list[float]) -> None:
        super().__init__()
        self.metric = metric
        self.register_buffer("pixel_mean", torch.tensor(pixel_mean).view(-1, 1, 1), persistent=False)
        self.register_buffer("pixel_std", torch.tensor(pixel_std).view(-1, 1, 1), persistent=False)

    @property
    def device(self) -> torch.device:
        """Where the model lives."""
        return self.pixel_mean.device

    def normalize(self, images: Tensor) -> Tensor:
        """(..., 3, H, W) images of pixel values from 0 to 255, normalized into a new tensor.

        fast-reid's own models normalize in place, which does it twice when the flipped images are tested too.
        """
        return (images.to(self.device) - self.pixel_mean) / self.pixel_std

    def modalities_of(self, batch: dict) -> Tensor:
        """Read the (B,) modality labels of a batch.

        Raises:
            InputError: the batch has none, as those of fast-reid's ``DefaultPredictor`` and ``demo.py``.
        """
        if "modalities" not in batch:
            raise InputError(
                f"{type(self).__name__} needs to know what its images are, which fast-reid's "
                "DefaultPredictor cannot say: call the model with images (B, 3, H, W) and modalities "
                "(B,), 0 for a visible and 1 for an infrared image"
            )
        return torch.as_tensor(batch["modalities"], device=self.device)

    def layout_of(self, batch: dict) -> Layout | None:
        """Get the layout of a batch, see :func:`layout_of`; None while exporting, when no label may be looked at."""
        return None if is_exporting() else layout_of(batch)

    def pretrained_parameters(self) -> Iterator[nn.Parameter]:
        """Give the backbone's pretrained parameters."""
        return cast(_Backbone, self.backbone).pretrained_parameters()


def shared_arguments(cfg: CfgNode) -> dict:
    """Read the arguments of :class:`ReIDModel` from the config.

    Raises:
        InputError: a declared key has an impossible value.
    """
    refuse_odd(cfg)
    return {"metric": cfg.TEST.METRIC, "pixel_mean": cfg.MODEL.PIXEL_MEAN, "pixel_std": cfg.MODEL.PIXEL_STD}
