"""Stacking of the second modality on the image, so that every later transform applies to both alike."""

from typing import ClassVar

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from fastreid_mm.common.errors import InputError

GEOMETRIC = ("flip", "scale_factor")
"""Keys that mmsegmentation's flip and resize add to a sample."""


class StackSecond(BaseTransform):
    """Transform that appends the second modality to ``img`` as further channels.

    It must come after the photometric transforms, which would drop further channels silently, and before the geometric
    ones, which would not apply to a separate array.

    Raises:
        InputError: on use, the second modality is missing or has another size than the image, the image does not have
            three channels, or a flip or a resize came before.
    """

    modality: ClassVar[str]
    """Key of the second modality in a sample."""
    channels: ClassVar[int]
    """Number of its channels."""
    scale: ClassVar[int]
    """Factor that makes its values lie between 0 and 255."""

    def transform(self, results: dict) -> dict:
        """Replace ``img`` by the stacked image, and remove the second modality."""
        name, what = results.get("img_path", "the image"), self.modality
        if what not in results:
            raise InputError(f"{name}: no {what} to stack, put Load{what.title()}FromFile before {type(self).__name__}")
        moved = [key for key in GEOMETRIC if key in results]
        if moved:
            raise InputError(
                f"{name}: {type(self).__name__} must come before flips and resizes, but {moved[0]!r} is set already"
            )
        image, second = results["img"], results.pop(what)
        if image.shape != (*second.shape[:2], 3):
            raise InputError(f"{name}: image {image.shape} and {what} {second.shape} do not stack")
        stacked = np.empty((*second.shape[:2], 3 + self.channels), np.float32)  # written in place: copies cost time
        stacked[..., :3] = image
        np.multiply(second.reshape(*second.shape[:2], -1), self.scale, out=stacked[..., 3:], casting="unsafe")
        results["img"] = stacked
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


@TRANSFORMS.register_module()
class StackDepth(StackSecond):
    """Transform that appends ``depth`` to ``img`` as a fourth channel, see :class:`StackSecond`.

    The result is float32 (H, W, 4), blue, green, red and depth from 0 to 255.
    """

    modality, channels, scale = "depth", 1, 255


@TRANSFORMS.register_module()
class StackThermal(StackSecond):
    """Transform that appends ``thermal`` to ``img`` as channels 3 to 5, see :class:`StackSecond`.

    The result is float32 (H, W, 6), blue, green and red of both from 0 to 255.
    """

    modality, channels, scale = "thermal", 3, 1
