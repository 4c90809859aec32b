"""Normalise image and depth, each in its own way."""

from collections.abc import Sequence

import torch
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS
from torch import Tensor

from fastreid_mm.errors import InputError
from mmseg_mm.choices import require_choice

CHANNELS = 4
BGR_TO_RGB = [2, 1, 0]
MISSING = ("refuse", "mean")


@MODELS.register_module()
class RGBDDataPreProcessor(SegDataPreProcessor):
    """Turn stacked images into a normalised batch: red, green, blue and depth three times, for a backbone each.

    The host's own takes a single mean and std for all channels and leaves the colour order as it is, without a word,
    unless there are three channels. All four channels come between 0 and 255, as ``StackDepth`` makes them, and mean
    and std are on that scale.

    Args:
        mean, std: of red, green and blue; default ImageNet's.
        depth_mean, depth_std: of depth, one value or one for each of its three channels; default ``mean`` and ``std``,
            so that a pretrained backbone gets depth as it would get a grey image.
        size, size_divisor: what training batches are padded to, one of them, on the right and at the bottom, after
            normalisation with ``pad_val``; by default to the batch's largest height and width.
        pad_val: for all channels.
        seg_pad_val: for masks; 0 makes padding background, since a saliency loss has no label to ignore.
        missing_depth: "refuse" an image of three channels, or give it the "mean" depth, 0 after normalisation: for what
            knows nothing of depth, as mmsegmentation's ``get_flops.py``.
        test_cfg: ``size`` or ``size_divisor`` for test batches.

    Raises:
        InputError: means and stds are not of three channels, or an unknown ``missing_depth``; on use, an image does not
            have four channels.
    """

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
            size_divisor = 1  # the host wants one of the two
        super().__init__(
            size=size, size_divisor=size_divisor, pad_val=pad_val, seg_pad_val=seg_pad_val, test_cfg=test_cfg
        )
        require_choice("missing_depth", missing_depth, MISSING)
        self.missing_depth = missing_depth
        # no buffers: a model turned to bfloat16 would round them
        self.colour = _three("mean", mean), _three("std", std)
        self.depth = (
            _three("depth_mean", mean if depth_mean is None else depth_mean),
            _three("depth_std", std if depth_std is None else depth_std),
        )

    def forward(self, data: dict, training: bool = False) -> dict:
        """Normalise, then pad and stack as the host does.

        Args:
            data: ``inputs``, a sequence of (4, H, W) or a tensor (B, 4, H, W), and ``data_samples``.
            training: which kind of padding.

        Returns:
            ``inputs`` (B, 6, H, W) float, and ``data_samples``.
        """
        data = self.cast_data(data)
        inputs = [self._normalise(image) for image in data["inputs"]]
        return super().forward({**data, "inputs": inputs}, training)

    def _normalise(self, image: Tensor) -> Tensor:
        """(4, H, W) of blue, green, red and depth to normalised (6, H, W) of red, green, blue and depth."""
        image = image.float()
        if image.shape[0] == CHANNELS:
            depth = _normalised(image[3:].expand(3, -1, -1), self.depth)
        elif image.shape[0] == CHANNELS - 1 and self.missing_depth == "mean":
            depth = torch.zeros_like(image)
        else:
            raise InputError(f"an input is {tuple(image.shape)}, 4 channels are needed: is StackDepth in the pipeline?")
        return torch.cat([_normalised(image[BGR_TO_RGB], self.colour), depth])


def _three(key: str, value: float | Sequence[float]) -> list[float]:
    values = list(value) if isinstance(value, Sequence) else [value] * 3
    if len(values) != 3:
        raise InputError(f"{key}={value} must have three values")
    return values


def _normalised(image: Tensor, statistics: tuple[list[float], list[float]]) -> Tensor:
    """(3, H, W) less the means, over the deviations."""
    mean, std = (torch.tensor(values, device=image.device).view(-1, 1, 1) for values in statistics)
    return (image - mean) / std
