"""Join image and depth, so that every later transform moves both alike."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from fastreid_mm.errors import InputError

GEOMETRIC = ("flip", "scale_factor")
"""What the host's flip and resize leave in a sample."""


@TRANSFORMS.register_module()
class StackDepth(BaseTransform):
    """Append ``depth`` to ``img`` as a fourth channel: (H, W, 4) float32, blue, green, red and depth, 0 to 255.

    Goes after photometric transforms, which would drop the fourth channel without a word, and before geometric ones,
    which know nothing of a separate depth map and would leave it behind.

    Raises:
        InputError: on use, ``depth`` is missing, the image does not have three channels or another size, or a flip or
            resize came before.
    """

    def transform(self, results: dict) -> dict:
        """Replace ``img``, remove ``depth``."""
        name = results.get("img_path", "the image")
        if "depth" not in results:
            raise InputError(f"{name}: no depth to stack, put LoadDepthFromFile before StackDepth")
        moved = [key for key in GEOMETRIC if key in results]
        if moved:
            raise InputError(f"{name}: StackDepth must come before flips and resizes, but {moved[0]!r} is set already")
        image, depth = results["img"], results.pop("depth")
        if image.shape != (*depth.shape, 3):
            raise InputError(f"{name}: image {image.shape} and depth {depth.shape} do not stack")
        results["img"] = np.dstack((image.astype(np.float32), depth * 255))  # (H, W, 4)
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
