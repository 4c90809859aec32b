"""Random crop of F3Net, which removes a border of random width."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from fastreid_mm.common.errors import InputError


@TRANSFORMS.register_module()
class RandomBorderCrop(BaseTransform):
    """Crop of a random share of the height and of the width at a random position.

    This is the crop of F3Net (Wei et al., AAAI 2020). mmsegmentation's own crop has a fixed size in pixels.

    Args:
        max_share: the largest share of each side that is removed, at least 0 and less than 1.

    Raises:
        InputError: ``max_share`` is out of range. On use, the second modality is not stacked yet.
    """

    def __init__(self, max_share: float = 1 / 8) -> None:
        if not 0 <= max_share < 1:
            raise InputError(f"max_share must be at least 0 and less than 1, got {max_share}")
        self.max_share = max_share

    def _draw(self, length: int) -> tuple[int, int]:
        """Draw the start and the end of the part of a side that is kept."""
        cut = np.random.randint(int(length * self.max_share) + 1)
        start = np.random.randint(cut + 1)
        return start, length - cut + start

    def transform(self, results: dict) -> dict:
        """Crop ``img`` and everything named in ``seg_fields``, and set ``img_shape``."""
        if behind := {"depth", "thermal"} & set(results):
            second = behind.pop()
            raise InputError(f"RandomBorderCrop before Stack{second.title()} would leave the {second} map behind")
        height, width = results["img"].shape[:2]
        (top, bottom), (left, right) = self._draw(height), self._draw(width)
        for key in ("img", *results.get("seg_fields", [])):
            results[key] = results[key][top:bottom, left:right]
        results["img_shape"] = results["img"].shape[:2]
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(max_share={self.max_share})"
