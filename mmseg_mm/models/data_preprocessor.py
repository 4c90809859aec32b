"""Normalization of image and second modality, each by separate statistics."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS
from torch import Tensor

from fastreid_mm.common.errors import InputError, require_choice

COLOURS = 3
"""Number of channels of an image, before those of its second modality."""
BGR_TO_RGB = [2, 1, 0]
MISSING = ("refuse", "mean")


@MODELS.register_module()
class RGBDDataPreProcessor(SegDataPreProcessor):
    """Preprocessor of stacked images to a normalized batch with three channels of colour and three equal ones of depth.

    mmsegmentation's own preprocessor has a single mean and standard deviation for all channels, and silently keeps the
    order of the colours unless there are three channels. The four channels of an input lie between 0 and 255, as
    ``StackDepth`` returns them, and ``mean`` and ``std`` are on that scale.

    Args:
        mean, std: the mean and the standard deviation of red, green and blue; by default those of ImageNet.
        depth_mean, depth_std: the mean and the standard deviation of depth, one value or one for each of its three
            channels. The default is ``mean`` and ``std``, so that a pretrained backbone sees depth as a grey image.
        size, size_divisor: the size, or the divisor of it, to which training batches are padded on the right and at the
            bottom, after the normalization. The default is the largest height and width in the batch.
        pad_val: the value of the padding in all channels.
        seg_pad_val: the value of the padding in masks. With 0 the padding is background, since a saliency loss has no
            label to ignore.
        missing_depth: "refuse" images of three channels, or give them the "mean" depth, which is 0 after the
            normalization. The latter is for programs without depth, as mmsegmentation's ``get_flops.py``.
        test_cfg: the ``size`` or ``size_divisor`` of test batches.

    Raises:
        InputError: a mean or a standard deviation does not have three values, or ``missing_depth`` is unknown. On use,
            an image has another number of channels.
    """

    second: ClassVar[list[int]] = [3]
    """Channels of the second modality, in the order of the backbone's."""
    stacked_by: ClassVar[str] = "StackDepth"
    """Transform that appends them."""

    def __init__(
        self,
        mean: Sequence[float] = (123.675, 116.28, 103.53),
        std: Sequence[float] = (58.395, 57.12, 57.375),
        depth_mean: float | Sequence[float] | None = None,
        depth_std: float | Sequence[float] | None = None,
        size: tuple[int, int] | None = None,
        size_divisor: int | None = None,
        pad_val: float = 0,
        seg_pad_val: float = 0,
        missing_depth: str = "refuse",
        test_cfg: dict | None = None,
    ) -> None:
        if size is None and size_divisor is None:
            size_divisor = 1  # mmsegmentation requires one of the two.
        super().__init__(
            size=size, size_divisor=size_divisor, pad_val=pad_val, seg_pad_val=seg_pad_val, test_cfg=test_cfg
        )
        require_choice("missing_depth", missing_depth, MISSING)
        self.missing_depth = missing_depth
        # The statistics are no buffers, since converting the model to bfloat16 would round them.
        self.colour = _three("mean", mean), _three("std", std)
        self.depth = (
            _three("depth_mean", mean if depth_mean is None else depth_mean),
            _three("depth_std", std if depth_std is None else depth_std),
        )

    def forward(self, data: dict, training: bool = False) -> dict:
        """Normalize the inputs, then pad and stack them as mmsegmentation does.

        Args:
            data: the ``inputs``, a sequence of (4, H, W) or a tensor (B, 4, H, W), and the ``data_samples``.
            training: whether to pad as in training.

        Returns:
            The ``inputs`` (B, 6, H, W), float, and the ``data_samples``.
        """
        data = self.cast_data(data)
        inputs = [self.normalize(image) for image in data["inputs"]]
        return super().forward({**data, "inputs": inputs}, training)

    def normalize(self, image: Tensor) -> Tensor:
        """Turn an image with its second modality into normalized (..., 6, H, W), red, green, blue and the second one.

        Args:
            image: blue, green, red and the second modality, (..., 4, H, W) or (..., 6, H, W).

        Raises:
            InputError: the image has another number of channels.
        """
        image = image.float()
        channels = image.shape[-3]
        needed = COLOURS + len(self.second)
        if channels == needed:
            second = _apply_statistics(image[..., self.second, :, :], self.depth)
        elif channels == COLOURS and self.missing_depth == "mean":
            second = torch.zeros_like(image)
        else:
            raise InputError(
                f"an input is {tuple(image.shape)}, {needed} channels are needed: is {self.stacked_by} in the pipeline?"
            )
        return torch.cat([_apply_statistics(image[..., BGR_TO_RGB, :, :], self.colour), second], dim=-3)


@MODELS.register_module()
class RGBTDataPreProcessor(RGBDDataPreProcessor):
    """Preprocessor of stacked images with three channels of colour and three of a thermal image.

    Args:
        thermal_mean, thermal_std: the mean and the standard deviation of the thermal image's red, green and blue, by
            default ``mean`` and ``std``.
        missing_thermal: as ``missing_depth``.
        others: the other arguments of :class:`RGBDDataPreProcessor`.
    """

    second = [5, 4, 3]
    stacked_by = "StackThermal"

    def __init__(
        self,
        thermal_mean: float | Sequence[float] | None = None,
        thermal_std: float | Sequence[float] | None = None,
        missing_thermal: str = "refuse",
        **others: Any,
    ) -> None:
        super().__init__(
            **{"depth_mean": thermal_mean, "depth_std": thermal_std, "missing_depth": missing_thermal, **others}
        )


def _three(key: str, value: float | Sequence[float]) -> list[float]:
    values = list(value) if isinstance(value, Sequence) else [value] * 3
    if len(values) != 3:
        raise InputError(f"{key}={value} must have three values")
    return values


def _apply_statistics(image: Tensor, statistics: tuple[list[float], list[float]]) -> Tensor:
    """Subtract the means from an image (..., 3, H, W), or from one channel three times; divide by the deviations."""
    mean, std = (torch.tensor(values, device=image.device).view(-1, 1, 1) for values in statistics)
    return (image - mean) / std
