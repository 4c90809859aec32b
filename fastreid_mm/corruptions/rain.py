"""Rain, the twentieth corruption (Chen et al., Benchmarks for Corruption Invariant Person Re-identification, 2021)."""

import cv2
import numpy as np

from fastreid_mm.corruptions.pixels import Image, corruption, to_bytes, to_unit

RAIN = ((770, 10), (600, 30), (600, 30), (500, 60), (500, 60))
"""Pixels of the image that there is a drop for, and the length of a drop: drizzle, heavy twice, torrential twice."""
DROP_COLOUR = (200, 200, 200)
SLANT = 10


@corruption
def rain(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Slanted drops, blurred with the image and darkened.

    Drops as the rain of Albumentations has them. Box blur of 2 + severity pixels, darkened by 0.05 + 0.05 severity of
    white. An image lower than a drop gets the part of it that fits; the code enlarges images of up to 60 rows instead.
    """
    (height, width), (pixels, length) = image.shape[:2], RAIN[severity - 1]
    slant, wet = int(generator.integers(-SLANT, SLANT + 1)), image.copy()
    drops = height * width // pixels
    left = generator.integers(0, max(0, width - abs(slant)), drops, endpoint=True) + max(0, -slant)
    top = generator.integers(0, max(0, height - length), drops, endpoint=True)
    for x, y in zip(left.tolist(), top.tolist()):
        cv2.line(wet, (x, y), (x + slant, y + length), DROP_COLOUR)
    soft = cv2.blur(wet, (2 + severity, 2 + severity))
    return to_bytes(to_unit(soft) - (0.05 + 0.05 * severity))
