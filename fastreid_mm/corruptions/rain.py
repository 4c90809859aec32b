"""Rain, the twentieth corruption (Chen et al., Benchmarks for Corruption Invariant Person Re-identification, 2021)."""

import cv2
import numpy as np

from fastreid_mm.corruptions.pixels import Image, corruption, cut

RAIN = ((770, 10), (600, 30), (600, 30), (500, 60), (500, 60))
"""Number of pixels for each drop, and length of a drop: drizzle, heavy twice, torrential twice."""
DROP_COLOUR = (200, 200, 200)
SLANT = 10
"""Distance to the right that every drop falls; also the largest random slant, which only decides where drops begin."""


@corruption
def rain(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Draw slanted drops, and blur and darken the image with them.

    As Albumentations 0.5.2 has it, which CIL calls: a slant is drawn for the image, but every drop falls by its
    default; hue, lightness and saturation, of which the lightness is multiplied by 1, are rounded to bytes in between.
    Box blur of 2 + severity pixels, darkened by 0.05 + 0.05 severity of white.

    An image lower than a drop gets the part of it that fits, where that code refuses it.
    """
    (height, width), (pixels, length) = image.shape[:2], RAIN[severity - 1]
    drawn, wet = int(generator.uniform(-SLANT, SLANT)), image.copy()
    low, high = (min(0, drawn), 0), (max(0, width - max(0, drawn)), max(0, height - length))
    for x, y in generator.integers(low, high, (height * width // pixels, 2), endpoint=True).tolist():
        cv2.line(wet, (x, y), (x + SLANT, y + length), DROP_COLOUR)
    soft = cv2.blur(wet, (2 + severity, 2 + severity))
    soft = cv2.cvtColor(cv2.cvtColor(soft, cv2.COLOR_RGB2HLS), cv2.COLOR_HLS2RGB)
    return cut(soft - np.float32((0.05 + 0.05 * severity) * 255))
