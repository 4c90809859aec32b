"""Normalise image and depth, each in its own way."""

from collections.abc import Sequence

import torch
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS
from torch import Tensor

from mmseg_mm.errors import InputError

CHANNELS = 4
BGR_TO_RGB = [2, 1, 0, 3]


@MODELS.register_module()
class RGBDDataPreProcessor(SegDataPreProcessor):
    """Turn stacked images into a normalised batch: red, green, blue and depth.

    The host's own takes a single mean and std for all channels and leaves the colour order as it is, without a word,
    unless there are three channels. All four channels come between 0 and 255, as ``StackDepth`` makes them, and mean
    and std are on that scale.

    Args:
        mean, std: of red, green and blue; default ImageNet's.
        depth_mean, depth_std: of depth; default the means of ImageNet's over the colours, as grey has them.
        size, size_divisor: what training batches are padded to, one of them, on the right and at the bottom, after
            normalisation with ``pad_val``; by default to the batch's largest height and width.
        pad_val: for all channels.
        seg_pad_val: for masks; 0 makes padding background, since a saliency loss has no label to ignore.
        test_cfg: ``size`` or ``size_divisor`` for test batches.

    Raises:
        InputError: means and stds are not three and one; on use, an image does not have four channels.
    """

    def __init__(
        self,
        mean: Sequence[float] = (123.675, 116.28, 103.53),
        std: Sequence[float] = (58.395, 57.12, 57.375),
        depth_mean: float = 114.495,
        depth_std: float = 57.63,
        size: tuple[int, int] | None = None,
        size_divisor: int | None = None,
        pad_val: float = 0,
        seg_pad_val: float = 0,
        test_cfg: dict | None = None,
    ) -> None:
        if size is None and size_divisor is None:
            size_divisor = 1  # the host wants one of the two
        super().__init__(size=size, size_divisor=size_divisor, pad_val=pad_val, seg_pad_val=seg_pad_val,
                         test_cfg=test_cfg)
        self.register_buffer("rgbd_mean", torch.tensor([*mean, depth_mean]).view(-1, 1, 1), False)
        self.register_buffer("rgbd_std", torch.tensor([*std, depth_std]).view(-1, 1, 1), False)
        if self.rgbd_mean.shape != (CHANNELS, 1, 1) or self.rgbd_std.shape != (CHANNELS, 1, 1):
            raise InputError(f"mean={mean} and std={std} must have three values each")

    def forward(self, data: dict, training: bool = False) -> dict:
        """Normalise, then pad and stack as the host does.

        Args:
            data: ``inputs``, a sequence of (4, H, W) or a tensor (B, 4, H, W), and ``data_samples``.
            training: which kind of padding.

        Returns:
            ``inputs`` (B, 4, H, W) float, and ``data_samples``.
        """
        data = self.cast_data(data)
        inputs = [self._normalise(image) for image in data["inputs"]]
        return super().forward({**data, "inputs": inputs}, training)

    def _normalise(self, image: Tensor) -> Tensor:
        """(4, H, W) of blue, green, red and depth to normalised (4, H, W) of red, green, blue and depth."""
        if image.shape[0] != CHANNELS:
            raise InputError(f"an input is {tuple(image.shape)}, 4 channels are needed: is StackDepth in the pipeline?")
        return (image[BGR_TO_RGB].float() - self.rgbd_mean) / self.rgbd_std
