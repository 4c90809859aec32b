"""Picture of image, second modality, mask and saliency map side by side."""

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

LABEL = 20
"""Height of the labels above the panels, in pixels."""
GAP = 6
"""Space between panels, in pixels."""
_LETTERS = 13


def side_by_side(
    image: np.ndarray,
    second: np.ndarray | None = None,
    saliency: np.ndarray | None = None,
    mask: np.ndarray | None = None,
) -> np.ndarray:
    """Join an image and, if given, its second modality, mask and saliency map, in this order, each below its name.

    Args:
        image: the image (H, W, 3), uint8, with its colours in any order.
        second: the depth map (H, W), of any data type and range, which is stretched to the range from black to white;
            or the thermal image (H, W, 3), uint8, with its colours in the same order.
        saliency: the saliency map (H, W), uint8.
        mask: the mask (H, W), uint8.

    Returns:
        The picture (20 + H, n panels of W and gaps of 6, 3), uint8, with colours in the same order.
    """
    panels = {"image": image}
    if second is not None:
        panels |= {"depth": _in_colour(stretched(second))} if second.ndim == 2 else {"thermal image": second}
    panels |= {
        name: _in_colour(grey) for name, grey in (("mask", mask), ("saliency map", saliency)) if grey is not None
    }
    height, width = image.shape[:2]
    canvas = Image.new("RGB", ((width + GAP) * len(panels) - GAP, height + LABEL), "white")
    for number, (name, panel) in enumerate(panels.items()):
        left = number * (width + GAP)
        _write(canvas, name, left, width)
        canvas.paste(Image.fromarray(np.ascontiguousarray(panel)), (left, LABEL))
    return np.array(canvas)


def _write(canvas: Image.Image, name: str, left: int, width: int) -> None:
    """Write a name above a panel, cut to its width."""
    label = Image.new("RGB", (width, LABEL), "white")
    font = ImageFont.load_default(_LETTERS)
    ImageDraw.Draw(label).text((width // 2, LABEL // 2), name, fill="black", font=font, anchor="mm")
    canvas.paste(label, (left, 0))


def _in_colour(grey: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)


def stretched(depth: np.ndarray) -> np.ndarray:
    """Stretch depth (H, W) of any type to the range from black to white, uint8."""
    scaled = cv2.normalize(  # type: ignore[call-overload]  # OpenCV's stubs leave out that the output may be None.
        depth.astype(np.float32), None, 0, 255, cv2.NORM_MINMAX
    )
    return np.rint(scaled).astype(np.uint8)
