"""A picture of image, depth map and saliency map side by side."""

import cv2
import numpy as np


def side_by_side(image: np.ndarray, depth: np.ndarray, saliency: np.ndarray) -> np.ndarray:
    """Join image, depth map and saliency map of the same size.

    Args:
        image: The image (H, W, 3), uint8, blue, green and red.
        depth: The depth map (H, W), of any data type and range, which is stretched to the range from black to white.
        saliency: The saliency map (H, W), uint8.

    Returns:
        The picture (H, 3 * W, 3), uint8, blue, green and red.
    """
    scaled = cv2.normalize(  # type: ignore[call-overload]  # OpenCV's stubs leave out that the output may be None.
        depth.astype(np.float32), None, 0, 255, cv2.NORM_MINMAX
    )
    stretched = np.rint(scaled).astype(np.uint8)
    return cv2.hconcat([image, *(cv2.cvtColor(view, cv2.COLOR_GRAY2BGR) for view in (stretched, saliency))])
