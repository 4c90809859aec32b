"""Picture of image, depth map, mask and saliency map side by side."""

import cv2
import numpy as np


def side_by_side(
    image: np.ndarray,
    depth: np.ndarray | None = None,
    saliency: np.ndarray | None = None,
    mask: np.ndarray | None = None,
) -> np.ndarray:
    """Join an image and, if given, its depth map, mask and saliency map, in this order.

    Args:
        image: the image (H, W, 3), uint8, with its colours in any order.
        depth: the depth map (H, W), of any data type and range, which is stretched to the range from black to white.
        saliency: the saliency map (H, W), uint8.
        mask: the mask (H, W), uint8.

    Returns:
        The picture (H, W or a multiple of it, 3), uint8, with colours in the same order.
    """
    greys = [None if depth is None else _stretched(depth), mask, saliency]
    return cv2.hconcat([image, *(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR) for grey in greys if grey is not None)])


def _stretched(depth: np.ndarray) -> np.ndarray:
    scaled = cv2.normalize(  # type: ignore[call-overload]  # OpenCV's stubs leave out that the output may be None.
        depth.astype(np.float32), None, 0, 255, cv2.NORM_MINMAX
    )
    return np.rint(scaled).astype(np.uint8)
