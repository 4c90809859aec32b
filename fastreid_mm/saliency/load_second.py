"""Loading of an image's second modality: what depth maps and thermal images have in common."""

import warnings
from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.image_files import is_image


class PairPath(str):
    """Path of an image with the path of its second modality, depth or thermal.

    It can be used wherever mmsegmentation takes the path of an image, as in ``inference_model`` and
    ``MMSegInferencer``, which have no argument for a second file.

    Args:
        image: the path of the image.
        second: the path of the depth map or of the thermal image.
    """

    second_path: str

    def __new__(cls, image: str | Path, second: str | Path) -> "PairPath":
        """Make the path of the image, with that of the second modality as ``second_path``."""
        path = super().__new__(cls, image)
        path.second_path = str(second)
        return path

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        return str(self), self.second_path  # mmengine copies the values of a sample.


def file_beside(image: str | None, folder: str) -> str | None:
    """Return the path of the image file in a folder beside ``RGB`` that belongs to ``.../RGB/name.jpg``, or None."""
    if image is None or Path(image).parent.name != "RGB":
        return None
    files = sorted(Path(image).parent.parent.joinpath(folder).glob("*"))
    return next(filter(is_image, (str(path) for path in files if path.stem == Path(image).stem)), None)


class SecondLoader:
    """Loader of the second modality of a sample, of which ``modality`` and ``folder`` say which it is.

    Args:
        resize: whether a file of another size than its image is resized to it. Otherwise it is refused, unless the
            sample says ``resize`` itself.
        backend_args: the arguments of mmengine's file client.
    """

    modality: ClassVar[str]
    """Key of the loaded values in a sample; that of the path ends in ``_path``."""
    folder: ClassVar[str]
    """Name of its folder beside ``RGB`` in the data sets' own layout."""

    def __init__(self, resize: bool = False, backend_args: dict | None = None) -> None:
        self.resize, self.backend_args = resize, backend_args
        self._told = False

    def tell(self, remark: str) -> None:
        """Warn of the first file that is odd."""
        if remark and not self._told:
            self._told = True
            warnings.warn(remark, stacklevel=3)

    def transform(self, results: dict) -> dict:
        """Load the second modality of a sample.

        Raises:
            InputError: the file or array cannot be used.
        """
        raise NotImplementedError

    def remark_of(self, sample: Mapping) -> str:
        """Read the file of a sample, and say what is odd about its values; return an empty text if nothing is.

        Raises:
            InputError: the file cannot be used.
        """
        raise NotImplementedError

    def find_path(self, results: dict) -> str:
        """Return the path of the file, which a sample has or which is found beside its image.

        Raises:
            InputError: there is none.
        """
        key, image = f"{self.modality}_path", results.get("img_path")
        path = results.get(key) or getattr(image, "second_path", None) or file_beside(image, self.folder)
        if path is None:
            raise InputError(
                f"no {key} given for {image or 'the image'}, nor is it in a folder RGB with a file of its name in "
                f"{self.folder} beside it, nor has it a fourth channel"
            )
        results[key] = path
        return path

    def fit(self, values: np.ndarray, path: str, results: dict) -> np.ndarray:
        """Return the values (H, W) or (H, W, 3) at the size of the sample's image.

        Raises:
            InputError: the size is another one, and neither sample nor loader says that it is resized.
        """
        if "img" not in results or results["img"].shape[:2] == values.shape[:2]:
            return values
        height, width = results["img"].shape[:2]
        if not results.get("resize", self.resize):
            size, name = "{1} x {0}".format(*values.shape), results.get("img_path")
            raise InputError(
                f"{path} is {size}, its image{f' {name}' if name else ''} is {width} x {height}; "
                "resize=True, --resize in prediction, resizes it"
            )
        smaller = height * width < values.shape[0] * values.shape[1]
        return cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)

    def __repr__(self) -> str:
        names = [name for name in signature(type(self)).parameters if name != "backend_args"]
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"
