"""The four noises of ImageNet-C (Hendrycks and Dietterich, ICLR 2019, appendix B and its code's parameters)."""

import numpy as np

from fastreid_mm.corruptions.pixels import Image, corruption, to_bytes, to_unit

GAUSSIAN_DEVIATION = (0.08, 0.12, 0.18, 0.26, 0.38)
SHOT_PHOTONS = (60, 25, 12, 5, 3)
IMPULSE_SHARE = (0.03, 0.06, 0.09, 0.17, 0.27)
SPECKLE_DEVIATION = (0.15, 0.2, 0.35, 0.45, 0.6)


@corruption
def gaussian_noise(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Add noise: x + n with n ~ N(0, c), drawn for each value."""
    noise = generator.standard_normal(image.shape)
    return to_bytes(to_unit(image) + GAUSSIAN_DEVIATION[severity - 1] * noise)


@corruption
def shot_noise(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Count photons: Poisson(c x) / c, where white is c photons."""
    photons = SHOT_PHOTONS[severity - 1]
    return to_bytes(generator.poisson(to_unit(image) * photons) / photons)


@corruption
def impulse_noise(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Set a share c of all values to 0 or 255, either as likely."""
    flipped = generator.random(image.shape) < IMPULSE_SHARE[severity - 1]
    white = generator.random(image.shape) < 0.5
    return np.where(flipped, 255 * white.astype(np.uint8), image)


@corruption
def speckle_noise(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Add noise in proportion: x + x n with n ~ N(0, c), drawn for each value."""
    values, noise = to_unit(image), generator.standard_normal(image.shape)
    return to_bytes(values + values * (SPECKLE_DEVIATION[severity - 1] * noise))
