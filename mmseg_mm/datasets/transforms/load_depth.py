"""Loading of depth maps, which unifies the data sets' conventions of depth."""

import warnings
from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.saliency.image_files import read_grey
from mmseg_mm.datasets.depth_values import FEW_LEVELS, grey_levels, hole_share

DIRECTIONS = ("near_white", "far_white")
SCALINGS = ("range", "minmax")


class RGBDPath(str):
    """Path of an image with the path of its depth map.

    It can be used wherever mmsegmentation takes the path of an image, as in ``inference_model`` and
    ``MMSegInferencer``, which have no argument for a second file.

    Args:
        image: the path of the image.
        depth: the path of the depth map.
    """

    depth_path: str

    def __new__(cls, image: str | Path, depth: str | Path) -> "RGBDPath":
        """Make the path of the image, with that of the depth map as ``depth_path``."""
        path = super().__new__(cls, image)
        path.depth_path = str(depth)
        return path

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        return str(self), self.depth_path  # mmengine copies the values of a sample.


def _beside(image: str | None) -> str | None:
    """Return the path of the depth map that belongs to ``.../RGB/name.jpg``, or None if there is none."""
    if image is None or Path(image).parent.name != "RGB":
        return None
    folder = Path(image).parent.parent / "depth"
    return next((str(path) for path in sorted(folder.glob("*")) if path.stem == Path(image).stem), None)


@TRANSFORMS.register_module()
class LoadDepthFromFile(BaseTransform):
    """Loader of ``depth_path`` into ``depth``, (H, W) float32 from 0 (far) to 1 (near).

    The file may have 8 or 16 bits and one or three channels. If a sample has no ``depth_path`` and its ``img_path`` is
    no :class:`RGBDPath`, the depth map is looked for where the layout of D3Net has it, under the name of the image in
    the folder ``depth`` beside ``RGB``. This makes mmsegmentation's ``MMSegInferencer`` and ``inference_model`` usable,
    which pass images only.

    Instead of a path, a sample may have the depth itself: an array ``depth``, floats (H, W) from 0 (far) to 1 (near),
    or as the fourth channel of an array ``img`` (H, W, 4) from 0 (far) to 255 (near). Only the sample's own
    ``depth_direction`` says that it points the other way.

    The first map that fills few grey levels, or whose value 0 would be nearest but may stand for no measurement, gives
    a warning; check_data lists all.

    Args:
        direction: the direction of the files: ``"near_white"``, or ``"far_white"``, which is inverted on loading. The
            ``depth_direction`` of a sample takes precedence, since joined data sets may differ.
        scaling: ``"range"`` divides by the largest value of the file's data type, so that the depths of different
            images stay comparable. ``"minmax"`` stretches each map to the range from 0 to 1, which metric depth in 16
            bits needs.
        unmeasured: the value of the file that stands for no measurement, usually 0. Such pixels are loaded as 0, far,
            whatever the direction, and count neither for the range of ``"minmax"`` nor for being constant.
        allow_constant: whether a map of a single value gives a warning and is loaded as 0. By default it is an error,
            since it contains no depth and usually is a damaged file.
        backend_args: the arguments of mmengine's file client.

    Raises:
        InputError: an argument is not one of its choices. On loading, the file or the array cannot be used, its size is
            not that of the image, or it has more pixels than the sample's ``max_pixels``.
    """

    def __init__(
        self,
        direction: str = "near_white",
        scaling: str = "range",
        allow_constant: bool = False,
        backend_args: dict | None = None,
        unmeasured: int | None = None,
    ) -> None:
        require_choice("direction", direction, DIRECTIONS)
        require_choice("scaling", scaling, SCALINGS)
        if not (unmeasured is None or type(unmeasured) is int):
            raise InputError(f"unmeasured {unmeasured!r} is no whole number, nor None")
        self.direction = direction
        self.scaling = scaling
        self.allow_constant = allow_constant
        self.backend_args = backend_args
        self.unmeasured = unmeasured
        self._told = False

    def transform(self, results: dict) -> dict:
        """Set ``depth``, from ``depth_path`` or an array and, if they are given, ``img`` and ``depth_direction``."""
        if results.get("img_path") is None:
            _split(results)
        if "depth" in results:
            depth, direction, holes = _checked(results["depth"]), results.get("depth_direction", DIRECTIONS[0]), None
        else:
            depth, direction, holes = self._read(results)
        if direction == "far_white":
            depth = 1 - depth
        if holes is not None:
            depth[holes] = 0
        results["depth"] = depth
        return results

    def _read(self, results: dict) -> tuple[np.ndarray, str, np.ndarray | None]:
        """Read the file, (H, W) from 0 to 1, its direction and the mask of unmeasured pixels; set ``depth_path``."""
        image = results.get("img_path")
        path = results.get("depth_path") or getattr(image, "depth_path", None) or _beside(image)
        if path is None:
            raise InputError(
                f"no depth_path given for {image or 'the image'}, nor is it in a folder "
                "RGB with a file of its name in depth beside it, nor has it a fourth channel"
            )
        results["depth_path"] = path
        raw = read_grey(path, self.backend_args, results.get("max_pixels", MAX_PIXELS))
        direction = results.get("depth_direction", self.direction)
        depth = self._scale(raw, path)
        if not self._told and (remark := self.remark(raw, path, direction)):
            self._told = True
            warnings.warn(remark, stacklevel=2)
        if "img" in results and results["img"].shape[:2] != depth.shape:
            size, image_size = ("{1} x {0}".format(*array.shape) for array in (depth, results["img"]))
            raise InputError(f"{path} is {size}, its image {results.get('img_path', '')} is {image_size}")
        return depth, direction, None if self.unmeasured is None else raw == self.unmeasured

    def _scale(self, raw: np.ndarray, path: str) -> np.ndarray:
        """Scale integers (H, W) to float32 (H, W) between 0 and 1."""
        measured = self.measured(raw)
        low, high = int(measured.min()), int(measured.max())
        if low == high:
            self._report_constant(path, low)
            return np.zeros(raw.shape, np.float32)
        if self.scaling == "range":
            low, high = 0, np.iinfo(raw.dtype).max
        return ((raw.astype(np.float32) - low) / (high - low)).clip(0, 1)

    def measured(self, raw: np.ndarray) -> np.ndarray:
        """Return the measured values (N,) of a map (H, W), or all values if none was measured."""
        values = raw[raw != self.unmeasured] if self.unmeasured is not None else raw.ravel()
        return values if values.size else raw.ravel()

    def remark(self, raw: np.ndarray, path: str, direction: str) -> str:
        """Say what is odd about the values of a map that can be loaded; return an empty text if nothing is.

        Args:
            raw: the values (H, W) of the file.
            path: the path of the file.
            direction: the direction of its depth.
        """
        levels = grey_levels(raw)
        if not levels:
            return f"depth map {path} has one value but for stray pixels"
        if self.scaling == "range" and levels < FEW_LEVELS:
            return (
                f"depth map {path} fills {levels:.0f} of 256 grey levels; "
                "LoadDepthFromFile's scaling='minmax' stretches it"
            )
        if direction == "far_white" and self.unmeasured is None and (share := hole_share(raw)):
            return (
                f"depth map {path} is 0 in {share:.1%} of its pixels, apart from all other values, and far_white makes "
                "that the nearest; if nothing was measured there, LoadDepthFromFile's unmeasured=0 makes it far"
            )
        return ""

    def _report_constant(self, path: str, value: int) -> None:
        message = f"depth map {path} is empty: {value} everywhere"
        if not self.allow_constant:
            raise InputError(f"{message} (allow_constant=True lets such maps pass)")
        warnings.warn(message, stacklevel=2)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(direction={self.direction!r}, scaling={self.scaling!r}, "
            f"allow_constant={self.allow_constant}, unmeasured={self.unmeasured!r})"
        )


def _split(results: dict) -> None:
    """Split an array of four channels into image and depth."""
    image = results.get("img")
    if image is not None and image.ndim == 3 and image.shape[2] == 4:
        results["img"], results["depth"] = image[..., :3], image[..., 3].astype(np.float32) / 255


def _checked(depth: np.ndarray) -> np.ndarray:
    """Return an array of depth as float32."""
    if depth.ndim != 2 or not np.issubdtype(depth.dtype, np.floating) or not 0 <= depth.min() <= depth.max() <= 1:
        raise InputError(
            f"depth is (H, W) floats from 0, far, to 1, near, not {depth.shape} {depth.dtype} "
            f"from {depth.min()} to {depth.max()}"
        )
    return depth.astype(np.float32)
