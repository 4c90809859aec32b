"""Loading of saliency masks."""

import warnings

import cv2
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.saliency.image_files import look_at_mask


@TRANSFORMS.register_module()
class LoadSODMask(BaseTransform):
    """Loader of ``seg_map_path`` into ``gt_seg_map``, (H, W) uint8, which is 1 on the salient object.

    mmsegmentation's own loader would take the value 255 of a mask for the label to ignore. The values may be 0 and 255,
    or 0 and 1; of soft edges, the values above 128 are salient; of any other two, the higher one is. The first mask
    that is odd, since it has no object, other values or is inverted, gives a warning with its path; check_data lists
    all. If the sample says ``resize``, a mask of another size than its image is resized to it. Without
    ``seg_map_path``, as in inference, nothing is loaded, since mmsegmentation removes no loader but ``LoadAnnotations``
    from a pipeline for inference.

    Args:
        backend_args: the arguments of mmengine's file client.

    Raises:
        InputError: on loading, the file is missing, is in colour, or has more pixels than the sample's
            ``max_pixels``.
    """

    def __init__(self, backend_args: dict | None = None) -> None:
        self.backend_args = backend_args
        self._told = False

    def transform(self, results: dict) -> dict:
        """Add ``gt_seg_map``, and its name to ``seg_fields``, so that mmsegmentation transforms it with the image."""
        path = results.get("seg_map_path")
        if path is None:
            return results
        mask, remark = look_at_mask(path, self.backend_args, results.get("max_pixels", MAX_PIXELS))
        if remark and not self._told:
            self._told = True
            warnings.warn(remark, stacklevel=2)
        size = tuple(results.get("ori_shape", mask.shape)[:2])
        if results.get("resize") and mask.shape != size:
            mask = cv2.resize(mask, size[::-1], interpolation=cv2.INTER_NEAREST)
        results["gt_seg_map"] = mask
        results.setdefault("seg_fields", []).append("gt_seg_map")
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
