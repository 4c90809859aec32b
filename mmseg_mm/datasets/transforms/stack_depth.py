"""Stacking of the depth map on the image, so that every later transform applies to both alike."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from fastreid_mm.common.errors import InputError

GEOMETRIC = ("flip", "scale_factor")
"""Keys that mmsegmentation's flip and resize add to a sample."""


@TRANSFORMS.register_module()
class StackDepth(BaseTransform):
    """Transform that appends ``depth`` to ``img`` as a fourth channel.

    The result is float32 (H, W, 4), blue, green, red and depth from 0 to 255. The transform must come after the
    photometric ones, which would drop the fourth channel silently, and before the geometric ones, which would not
    apply to a separate depth map.

    Raises:
        InputError: on use, ``depth`` is missing or has another size than the image, the image does not have three
            channels, or a flip or a resize came before.
    """

    def transform(self, results: dict) -> dict:
        """Replace ``img`` by the stacked image, and remove ``depth``."""
        name = results.get("img_path", "the image")
        if "depth" not in results:
            raise InputError(f"{name}: no depth to stack, put LoadDepthFromFile before StackDepth")
        moved = [key for key in GEOMETRIC if key in results]
        if moved:
            raise InputError(f"{name}: StackDepth must come before flips and resizes, but {moved[0]!r} is set already")
        image, depth = results["img"], results.pop("depth")
        if image.shape != (*depth.shape, 3):
            raise InputError(f"{name}: image {image.shape} and depth {depth.shape} do not stack")
        stacked = np.empty((*depth.shape, 4), np.float32)  # written in place, because copies cost time
        stacked[..., :3] = image
        np.multiply(depth, 255, out=stacked[..., 3])
        results["img"] = stacked
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
