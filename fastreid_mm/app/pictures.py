"""Pictures for the page, each a file that is written whole, once, and never again: answers share them."""

import hashlib
import os
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from PIL import Image

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.read_image import DEFAULT_RULE, PixelRule
from fastreid_mm.retrieval.answers import Match, read_match, sign
from fastreid_mm.retrieval.sources import checksum_in

_LONGEST = 1024
"""Pixels of the longer side, at most."""


class Pictures:
    """A folder of pictures that lasts as long as the page; each is named by a checksum of its content.

    Were they handed to Gradio as pictures, it would write each anew for every answer, into the file that another
    answer is read from.

    Args:
        pixels: how images are read.
    """

    def __init__(self, pixels: PixelRule = DEFAULT_RULE) -> None:
        self._pixels = pixels
        self._kept = TemporaryDirectory(prefix="fastreid-mm-")
        self.folder = Path(self._kept.name).resolve()

    def of_match(self, match: Match) -> str:
        """The path of the picture of an image that was found, or of one that says why there is none."""
        path = match.source and self._path(checksum_in(match.source))
        if path and path.exists():
            return str(path)
        try:
            picture = read_match(match, self._pixels)
        except InputError as error:
            return self.of(sign(str(error)))
        picture.thumbnail((_LONGEST, _LONGEST))
        return self._written(picture, path) if path else self.of(picture)

    def of(self, picture: Image.Image) -> str:
        """The path of a picture."""
        content = f"{picture.mode} {picture.size} ".encode() + picture.tobytes()
        return self._written(picture, self._path(hashlib.sha256(content).hexdigest()[:32]))

    def _path(self, checksum: str) -> Path:
        # what an index says may be anything
        return self.folder / f"{hashlib.sha256(checksum.encode(errors='backslashreplace')).hexdigest()[:32]}.png"

    def _written(self, picture: Image.Image, path: Path) -> str:
        if not path.exists():
            with NamedTemporaryFile(dir=self.folder, suffix=".part", delete=False) as part:
                picture.save(part, format="PNG")
            os.replace(part.name, path)  # noqa: PTH105  at once: whoever reads it has a whole file
        return str(path)
