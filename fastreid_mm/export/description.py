"""Description in an exported file of how to make its inputs and compare its outputs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fastreid_mm.common.grey_range import OWN_RANGE
from fastreid_mm.common.onnx_description import OnnxDescription
from fastreid_mm.common.onnx_precision import TOLERANCES
from fastreid_mm.common.read_image import FULL_RANGE

IMAGES, MASK, LABELS = "images", "modality_mask", "modalities"
"""Names of the inputs: the first, and the two of which one is the second."""


@dataclass(frozen=True)
class Description(OnnxDescription):
    """Facts that are needed to make the inputs of a network and compare its outputs."""

    refusal = "it was not exported by this version"

    architecture: str
    """``MODEL.META_ARCHITECTURE``."""
    metric: str
    """"cosine" or "euclidean", by which features are compared."""
    size: Sequence[int]
    """Height and width of images in pixels."""
    resize: str
    """"bicubic" or "bilinear"."""
    modalities: Sequence[str]
    """Modalities of an aligned sample's images, in order; otherwise names of the labels, "visible" being 0."""
    aligned: bool
    """True if the inputs are ``images`` (B, M, 3, H, W) and ``modality_mask`` (B, M) bool, rather than ``images``
    (B, 3, H, W) and ``modalities`` (B,) int64."""
    flip: bool
    """True if features are the mean of those of the images and of their mirror images."""
    parts: int
    """Number of parts of a query-adaptive feature (CMT); 0 for others."""
    blocks: Sequence[tuple[int, Sequence[int]]]
    """Blocks of an aligned feature: their channels, and the indices of the modalities without which a block is
    zero."""
    version: str
    """Version of this package that exported the file."""
    range_16bit: Sequence[float] = FULL_RANGE
    """Values that become black and white in grey images of more than 8 bits; empty for each image's range."""
    percentiles_16bit: Sequence[float] = OWN_RANGE
    """Percentiles of an image's values that become black and white if that is empty."""
    precision: str = "float32"
    """Precision of the network's numbers, "float32", "float16" or "int8"; inputs and outputs are float32 with all."""
    pixels: str = "red, green, blue, 0 to 255; the network normalizes them"

    @property
    def second_input(self) -> str:
        """Name of the input beside ``images``."""
        return MASK if self.aligned else LABELS

    def is_usable(self) -> bool:
        """See :class:`OnnxDescription`."""
        texts = (self.architecture, self.version, self.pixels, *_sequence(self.modalities))
        return (
            all(isinstance(text, str) for text in texts)
            and self.metric in ("cosine", "euclidean")
            and self.resize in ("bicubic", "bilinear")
            and self.precision in list(TOLERANCES)
            and isinstance(self.aligned, bool)
            and isinstance(self.flip, bool)
            and _counts([self.parts])
            and len(_sequence(self.modalities)) > 0
            and len(_sequence(self.size)) == 2
            and _counts(self.size, 1, 4096)
            and _is_range(self.range_16bit)
            and bool(self.percentiles_16bit)
            and _is_range(self.percentiles_16bit)
            and isinstance(self.blocks, list | tuple)
            and all(len(_sequence(block)) == 2 and _counts([block[0], *_sequence(block[1])]) for block in self.blocks)
        )


def _is_range(value: object) -> bool:
    """Tell whether a value is empty or a smaller and a larger finite number, as ``INPUT.RANGE_16BIT`` is."""
    if not isinstance(value, list | tuple) or len(value) not in (0, 2):
        return False
    numbers = [each for each in value if isinstance(each, int | float) and not isinstance(each, bool)]
    return len(numbers) == len(value) and all(map(math.isfinite, numbers)) and sorted(numbers) == numbers


def _sequence(value: object) -> Sequence:
    return value if isinstance(value, list | tuple) else ()


def _counts(values: Sequence, least: int = 0, most: int = 2**31) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) and least <= value < most for value in values)
