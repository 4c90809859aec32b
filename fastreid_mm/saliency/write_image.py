"""Writing of an image, with an error where OpenCV has none."""

from pathlib import Path

import cv2
import numpy as np

from fastreid_mm.common.errors import InputError, first_line

LOSSLESS = (cv2.IMWRITE_WEBP_QUALITY, 101)


def require_writable_name(path: str | Path) -> None:
    """Refuse a path whose suffix is not that of an image.

    Raises:
        InputError: nothing can be written under the name.
    """
    suffix = Path(path).suffix
    if not suffix.isascii() or not cv2.haveImageWriter(f"name{suffix}"):  # OpenCV crashes on names that are no UTF-8
        raise InputError(f"cannot write {path}: is it the name of an image?")


def write_image(path: str | Path, image: np.ndarray) -> None:
    """Write an image in the format that its suffix says, into a folder that is made if it is missing.

    Args:
        path: the file.
        image: the image, (H, W), (H, W, 3) with blue, green and red, or (H, W, 4) with alpha, uint8. WebP is written
            without loss.

    Raises:
        InputError: the file cannot be written, for which OpenCV's own function only returns False.
    """
    require_writable_name(path)
    suffix = Path(path).suffix
    # other formats warn of a parameter that is not theirs
    _, encoded = cv2.imencode(suffix, image, LOSSLESS if suffix.lower() == ".webp" else ())
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(encoded.tobytes())
    except OSError as error:
        raise InputError(f"cannot write {path}: {first_line(error)}") from None
