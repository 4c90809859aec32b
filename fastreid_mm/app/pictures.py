"""Picture files for the page, each written whole and only once, and shared by answers."""

import hashlib
import os
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from PIL import Image, ImageOps

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.picture_sheet import framed_right
from fastreid_mm.common.read_image import DEFAULT_RULE, PixelRule
from fastreid_mm.retrieval.answers import Match, read_match, sign
from fastreid_mm.retrieval.sources import checksum_in

_LONGEST = 1024
"""Largest length of the longer side in pixels."""


class Pictures:
    """Folder of pictures that lasts as long as the page; each is named by a checksum of its content.

    Gradio would write a picture anew for every answer, into a file that may be read for another answer at that moment.
    """

    def __init__(self, pixels: PixelRule = DEFAULT_RULE) -> None:
        self._pixels = pixels
        self._kept = TemporaryDirectory(prefix="fastreid-mm-")
        self.folder = Path(self._kept.name).resolve()

    def of_match(self, match: Match, right: bool | None = None) -> str:
        """Return the path of a picture of a matching image, or of a picture that says why there is none.

        Args:
            match: the match.
            right: whether it is framed as right or wrong; None for no frame.
        """
        path = match.source and self._path(f"{checksum_in(match.source)}{'' if right is None else right}")
        if path and path.exists():
            return str(path)
        try:
            picture = read_match(match, self._pixels)
        except InputError as error:
            return self.of(sign(str(error)))
        picture.thumbnail((_LONGEST, _LONGEST))
        if right is not None:
            picture = ImageOps.expand(picture, max(2, min(picture.size) // 24), framed_right(right))
        return self._written(picture, path) if path else self.of(picture)

    def of(self, picture: Image.Image) -> str:
        """Write a picture if it is new, and return its path."""
        content = f"{picture.mode} {picture.size} ".encode() + picture.tobytes()
        return self._written(picture, self._path(hashlib.sha256(content).hexdigest()[:32]))

    def _path(self, checksum: str) -> Path:
        # paths in an index may be anything
        return self.folder / f"{hashlib.sha256(checksum.encode(errors='backslashreplace')).hexdigest()[:32]}.png"

    def _written(self, picture: Image.Image, path: Path) -> str:
        if not path.exists():
            with NamedTemporaryFile(dir=self.folder, suffix=".part", delete=False) as part:
                picture.save(part, format="PNG")
            os.replace(part.name, path)  # noqa: PTH105  at once: whoever reads the file gets all of it
        return str(path)
