"""Twenty corruptions of images to test robustness with, each at five severities.

Nineteen are ImageNet-C's (Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations", ICLR 2019), of which elastic transform, fog and frost in the form that Michaelis et al. ("Benchmarking
Robustness in Object Detection", arXiv:1907.07484) gave them for images of any size; rain is that of Chen et al.
("Benchmarks for Corruption Invariant Person Re-identification", NeurIPS 2021). They compute what these authors' code
computes, to the byte, where that is not what the papers say. NumPy, OpenCV and Pillow only.

Each is a function of an (H, W, 3) uint8 RGB image, a severity of 1 to 5 and a NumPy generator, the only source of its
random numbers, to an image of the same shape.
"""

from collections.abc import Callable, Mapping

import numpy as np

from fastreid_mm.corruptions.blur import defocus_blur, gaussian_blur, glass_blur, motion_blur, zoom_blur
from fastreid_mm.corruptions.digital import contrast, elastic_transform, jpeg_compression, pixelate, saturate
from fastreid_mm.corruptions.frost import frost, read_frost_pictures
from fastreid_mm.corruptions.noise import gaussian_noise, impulse_noise, shot_noise, speckle_noise
from fastreid_mm.corruptions.pixels import SEVERITIES
from fastreid_mm.corruptions.rain import rain
from fastreid_mm.corruptions.spatter import spatter
from fastreid_mm.corruptions.weather import brightness, fog, snow

Corruption = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]
"""Function of an image, a severity and a generator to the corrupted image."""

NOISES = (gaussian_noise, shot_noise, impulse_noise, speckle_noise)
BLURS = (defocus_blur, glass_blur, motion_blur, zoom_blur, gaussian_blur)
WEATHER = (snow, frost, fog, brightness, spatter)
DIGITAL = (saturate, contrast, elastic_transform, pixelate, jpeg_compression)
CORRUPTIONS: Mapping[str, Corruption] = {each.__name__: each for each in (*NOISES, *BLURS, *WEATHER, *DIGITAL, rain)}
"""Corruptions by name, in the order of the person Re-ID benchmarks."""

__all__ = ["CORRUPTIONS", "SEVERITIES", "Corruption", "read_frost_pictures", *CORRUPTIONS]
