"""Water or mud on the lens, of ImageNet-C (Hendrycks and Dietterich, ICLR 2019, its code's parameters)."""

import cv2
import numpy as np

from fastreid_mm.corruptions.blur import smooth
from fastreid_mm.corruptions.pixels import Image, Unit, corruption, to_bytes, to_unit

SPATTER = ((0.65, 0.3, 4, 0.69, 0.6), (0.65, 0.3, 3, 0.68, 0.6), (0.65, 0.3, 2, 0.68, 0.5))
"""Water, severity 1 to 3: mean, deviation and smoothing of the liquid, least amount that shows, and light."""
MUD = ((0.65, 0.3, 1, 0.65, 1.5), (0.67, 0.4, 1, 0.65, 1.5))
"""Mud, severity 4 and 5: the same, and the smoothing of its rims."""
WATER_COLOUR = np.array((175, 238, 238), np.float32) / 255
MUD_COLOUR = np.array((63, 42, 20)) / 255
SLOPE = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
"""Kernel that turns the water's depth into light and shade."""


@corruption
def spatter(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Add shining drops of water at severities 1 to 3, and mud that hides the image at 4 and 5."""
    mean, deviation, sigma, threshold, last = (SPATTER + MUD)[severity - 1]
    liquid = smooth(mean + deviation * generator.standard_normal(image.shape[:2]), sigma)
    values = to_unit(image, np.float32)
    if severity <= len(SPATTER):
        return to_bytes(values + last * _shine(np.where(liquid < threshold, 0, liquid)) * WATER_COLOUR)
    cover = smooth((liquid > threshold).astype(np.float32), last)
    cover[cover < 0.8] = 0
    return to_bytes(values * (1 - cover[..., None]) + MUD_COLOUR * cover[..., None])


def _shine(liquid: Unit) -> Unit:
    """Turn (H, W) liquid into (H, W, 1) light from 0 to 1: the distance from its rims, embossed."""
    drops = np.clip(liquid * 255, 0, 255).astype(np.uint8)
    distance = cv2.distanceTransform(255 - cv2.Canny(drops, 50, 150), cv2.DIST_L2, 5)
    depth = cv2.blur(np.minimum(distance, 20), (3, 3)).astype(np.uint8)
    slopes = cv2.filter2D(cv2.equalizeHist(depth), cv2.CV_8U, SLOPE)
    light = drops * cv2.blur(slopes, (3, 3)).astype(np.float32)
    return light[..., None] / max(float(light.max()), 1.0)
