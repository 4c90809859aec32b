"""What an exported file says of itself, for whoever makes its inputs and compares its outputs."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from fastreid_mm.errors import InputError
from fastreid_mm.read_image import FULL_RANGE

KEY = "fastreid_mm"
"""Under which a file holds the description, as JSON."""

IMAGES, MASK, LABELS = "images", "modality_mask", "modalities"
"""Names of inputs; the second is one of the last two."""


@dataclass(frozen=True)
class Description:
    """How to make the inputs of a network and compare its outputs."""

    architecture: str
    """``MODEL.META_ARCHITECTURE``."""
    metric: str
    """"cosine" or "euclidean", by which features are compared."""
    size: Sequence[int]
    """(height, width) of images in pixels."""
    resize: str
    """"bicubic" or "bilinear"."""
    modalities: Sequence[str]
    """Of the images of an aligned sample, in their order; or else of an image by its label, "visible" being 0."""
    aligned: bool
    """Whether the inputs are ``images`` (B, M, 3, H, W) and ``modality_mask`` (B, M) bool, rather than ``images``
    (B, 3, H, W) and ``modalities`` (B,) int64."""
    flip: bool
    """Whether features are the mean of those of the images and of their mirror images."""
    parts: int
    """Of a query-adaptive feature (CMT) how many parts it has; 0 for others."""
    blocks: Sequence[tuple[int, Sequence[int]]]
    """The blocks of an aligned feature: their channels, and the indices of the modalities without which a block is
    zero."""
    version: str
    """Of this package."""
    range_16bit: Sequence[float] = FULL_RANGE
    """The values that become black and white in grey images of more than 8 bits; none for each image's own."""
    pixels: str = "red, green, blue, 0 to 255; the network normalizes them"

    @property
    def second_input(self) -> str:
        """The name of the input beside ``images``."""
        return MASK if self.aligned else LABELS

    def to_json(self) -> str:
        """One JSON object."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | None, source: str) -> "Description":
        """What :meth:`to_json` wrote.

        Args:
            text: None if there is none.
            source: path of the file, for errors.

        Raises:
            InputError: it is no description, or one of another version.
        """
        try:
            return cls(**json.loads(text or ""))
        except (TypeError, ValueError):
            raise InputError(f"{source} does not describe itself: it was not exported by this version") from None
