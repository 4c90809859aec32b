"""Reading one image, with an error that names it."""

from fastreid.data.data_utils import read_image
from PIL import Image

from fastreid_mm.errors import InputError, first_line


def read_rgb(path: str) -> Image.Image:
    """An image file in three channels; those of an infrared image are equal.

    Raises:
        InputError: names the file that cannot be read.
    """
    try:
        return read_image(path, format="RGB")
    except (OSError, ValueError, SyntaxError) as error:  # all that PIL raises for broken files
        raise InputError(f"cannot read image {path}: {first_line(error)}") from None
