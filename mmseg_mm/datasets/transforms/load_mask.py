"""Load a saliency mask."""

import warnings

from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_mm.datasets.image_files import read_mask


@TRANSFORMS.register_module()
class LoadSODMask(BaseTransform):
    """Load ``seg_map_path`` into ``gt_seg_map``: (H, W) uint8, 1 on the salient object.

    mmsegmentation's own loader takes a mask's 255 for the label to ignore. Values may be 0 and 255 or 0 and 1; soft
    edges are cut above 128. Without ``seg_map_path``, as in inference, nothing is loaded: the host strips annotation
    loaders from a pipeline only by the name ``LoadAnnotations``. A mask without any object is a warning with its path.

    Args:
        backend_args: of mmengine's file client.

    Raises:
        InputError: on loading, the file is missing, in colour, or not an image of 8 bits.
    """

    def __init__(self, backend_args: dict | None = None) -> None:
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        """Add ``gt_seg_map`` and name it in ``seg_fields``, so that the host's transforms keep it in step."""
        path = results.get("seg_map_path")
        if path is None:
            return results
        mask = read_mask(path, self.backend_args)
        if not mask.any():
            warnings.warn(f"mask {path} is all black", stacklevel=2)
        results["gt_seg_map"] = mask
        results.setdefault("seg_fields", []).append("gt_seg_map")
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
