"""Binary maps and cut-outs from saliency maps. NumPy and OpenCV only."""

import cv2
import numpy as np

OTSU = "otsu"
"""Threshold that separates the values of a map best, by Otsu's method, for each map anew."""


def binary_map(saliency: np.ndarray, threshold: float | str) -> np.ndarray:
    """Make a map of 0 and 255 from a saliency map.

    Args:
        saliency: the map (H, W), uint8.
        threshold: the probability from 0 to 1 above which a pixel is salient, or :data:`OTSU` (N. Otsu, IEEE
            Transactions on Systems, Man, and Cybernetics 1979).

    Returns:
        The binary map (H, W), uint8.
    """
    if threshold == OTSU:
        return cv2.threshold(saliency, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1]
    return np.where(saliency > 255 * float(threshold), 255, 0).astype(np.uint8)


def cut_out(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Join an image (H, W, 3), blue, green and red, and a map (H, W), both uint8, as alpha: (H, W, 4)."""
    return np.dstack([image, alpha])
