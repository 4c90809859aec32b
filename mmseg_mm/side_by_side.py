"""A picture to look at: image, depth and saliency map next to each other."""

import cv2
import numpy as np


def side_by_side(image: np.ndarray, depth: np.ndarray, saliency: np.ndarray) -> np.ndarray:
    """Join three views of one size.

    Args:
        image: (H, W, 3) uint8, blue, green and red.
        depth: (H, W) of any type and range, stretched to black and white.
        saliency: (H, W) uint8.

    Returns:
        (H, 3 * W, 3) uint8, blue, green and red.
    """
    scaled = cv2.normalize(  # type: ignore[call-overload]  # OpenCV's stubs leave out that the output may be None.
        depth.astype(np.float32), None, 0, 255, cv2.NORM_MINMAX
    )
    stretched = np.rint(scaled).astype(np.uint8)
    return cv2.hconcat([image, *(cv2.cvtColor(view, cv2.COLOR_GRAY2BGR) for view in (stretched, saliency))])
