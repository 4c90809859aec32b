"""Loading of depth maps, which unifies the data sets' conventions of depth."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.saliency.depth_values import FEW_LEVELS, grey_levels, hole_share
from fastreid_mm.saliency.image_files import read_values
from fastreid_mm.saliency.load_second import PairPath, SecondLoader

DIRECTIONS = ("near_white", "far_white")
SCALINGS = ("range", "minmax")
FILLS = ("far", "mean", "nearest")


class RGBDPath(PairPath):
    """Path of an image with the path of its depth map, see :class:`PairPath`."""

    def __new__(cls, image: str | Path, depth: str | Path) -> "RGBDPath":
        """Make the path of the image, with that of the depth map as ``depth_path``."""
        return super().__new__(cls, image, depth)  # type: ignore[return-value]

    @property
    def depth_path(self) -> str:
        """The path of the depth map."""
        return self.second_path


class DepthLoader(SecondLoader):
    """Loader of ``depth_path`` into ``depth``, (H, W) float32 from 0 (far) to 1 (near).

    The file may have 8 or 16 bits or floating point, and one or three channels. If a sample has no ``depth_path`` and
    its ``img_path`` is no :class:`RGBDPath`, the depth map is looked for where the layout of D3Net has it, under the
    name of the image in the folder ``depth`` beside ``RGB``. This makes mmsegmentation's ``MMSegInferencer`` and
    ``inference_model`` usable, which pass images only.

    Instead of a path, a sample may have the depth itself: an array ``depth``, floats (H, W) from 0 (far) to 1 (near),
    with NaN where nothing was measured, or as the fourth channel of an array ``img`` (H, W, 4) from 0 (far) to 255
    (near). Only the sample's own ``depth_direction`` says that it points the other way.

    The first map that fills few grey levels, that has filled pixels, or whose value 0 would be nearest but may stand
    for no measurement, gives a warning; check_data lists all.

    Args:
        direction: the direction of the files: ``"near_white"``, or ``"far_white"``, which is inverted on loading. The
            ``depth_direction`` of a sample takes precedence, since joined data sets may differ.
        scaling: ``"range"`` divides integers by the largest value of the file's data type, so that the depths of
            different images stay comparable. ``"minmax"`` stretches each map to the range from 0 to 1. Two numbers, as
            ``(500, 8000)`` millimetres, become 0 and 1, which metric depth needs to stay comparable.
        unmeasured: the value of the file that stands for no measurement, usually 0. Such pixels, and NaN of floating
            point, are filled, and count neither for the range of ``"minmax"`` nor for being constant.
        fill: the depth of unmeasured pixels, whatever the direction: ``"far"`` is 0; ``"mean"`` is that of the measured
            pixels; ``"nearest"`` is that of the nearest measured pixel.
        allow_constant: whether a map of a single value gives a warning and is loaded as 0. By default it is an error,
            since it contains no depth and usually is a damaged file.
        resize, backend_args: see :class:`SecondLoader`.

    Raises:
        InputError: an argument is not one of its choices. On loading, the file or the array cannot be used, its size is
            not that of the image, or it has more pixels than the sample's ``max_pixels``.
    """

    modality = "depth"
    folder = "depth"

    def __init__(
        self,
        direction: str = "near_white",
        scaling: str | Sequence[float] = "range",
        allow_constant: bool = False,
        backend_args: dict | None = None,
        unmeasured: int | None = None,
        fill: str = "far",
        resize: bool = False,
    ) -> None:
        super().__init__(resize, backend_args)
        require_choice("direction", direction, DIRECTIONS)
        require_choice("fill", fill, FILLS)
        if isinstance(scaling, str):
            require_choice("scaling", scaling, SCALINGS)
        elif len(scaling) != 2 or not scaling[0] < scaling[1]:
            raise InputError(f"scaling {scaling!r} is none of {', '.join(SCALINGS)}, nor a number and a higher one")
        if not (unmeasured is None or type(unmeasured) is int):
            raise InputError(f"unmeasured {unmeasured!r} is no whole number, nor None")
        self.direction = direction
        self.scaling = scaling if isinstance(scaling, str) else tuple(scaling)
        self.allow_constant, self.unmeasured, self.fill = allow_constant, unmeasured, fill

    def transform(self, results: dict) -> dict:
        """Set ``depth``, from ``depth_path`` or an array and, if they are given, ``img`` and ``depth_direction``."""
        if results.get("img_path") is None:
            _split(results)
        if "depth" in results:
            depth, path = _checked(results["depth"]), "depth"
            direction, holes = results.get("depth_direction", DIRECTIONS[0]), np.isnan(depth)
        else:
            path = self.find_path(results)
            depth, direction, holes = self._read(path, results)
        if direction == "far_white":
            depth = 1 - depth
        if holes.any():
            depth = filled(depth, holes, self.fill)
        results["depth"] = self.fit(depth, path, results)
        return results

    def _read(self, path: str, sample: Mapping) -> tuple[np.ndarray, str, np.ndarray]:
        """Read the file, (H, W) from 0 to 1, its direction and the mask of unmeasured pixels."""
        raw = self._values(path, sample)
        direction, holes = sample.get("depth_direction", self.direction), self.holes(raw)
        depth = self._scale(raw, path)
        if not self._told:
            self.tell(self.remark(raw, path, direction) or self._filled(holes, path))
        return depth, direction, holes

    def _values(self, path: str, sample: Mapping) -> np.ndarray:
        return read_values(path, self.backend_args, sample.get("max_pixels", MAX_PIXELS))

    def _scale(self, raw: np.ndarray, path: str) -> np.ndarray:
        """Scale the values (H, W) of a file to float32 (H, W) between 0 and 1."""
        measured = self.measured(raw)
        low, high = measured.min(), measured.max()
        if low == high:
            self._report_constant(path, low)
            return np.zeros(raw.shape, np.float32)
        if isinstance(self.scaling, tuple):
            low, high = self.scaling
        elif self.scaling == "range":
            if raw.dtype.kind == "f":
                raise InputError(
                    f"{path} holds {raw.dtype}; scaling='minmax', or two numbers, says what is near and far"
                )
            low, high = 0, np.iinfo(raw.dtype).max
        low, high = float(low), float(high)
        return ((raw.astype(np.float32) - low) / (high - low)).clip(0, 1)

    def holes(self, raw: np.ndarray) -> np.ndarray:
        """Return the mask (H, W) of the values of a file that stand for no measurement."""
        if raw.dtype.kind != "f":
            return raw == self.unmeasured if self.unmeasured is not None else np.zeros(raw.shape, bool)
        return ~np.isfinite(raw) | (raw == self.unmeasured)

    def hole_share(self, sample: Mapping) -> float:
        """Read the map of a sample, and return the share of its pixels that were not measured."""
        return float(self.holes(self._values(sample["depth_path"], sample)).mean())

    def measured(self, raw: np.ndarray) -> np.ndarray:
        """Return the measured values (N,) of a map (H, W), or all values if none was measured."""
        values = raw[~self.holes(raw)]
        return values if values.size else np.nan_to_num(raw.ravel())

    def remark_of(self, sample: Mapping) -> str:
        """Read the map of a sample, and say what is odd about its values, see :class:`SecondLoader`."""
        path = sample["depth_path"]
        raw = self._values(path, sample)
        measured = self.measured(raw)
        if measured.min() == measured.max():
            return (
                f"depth map {path} is constant, {measured.min()} everywhere; take the file from the original archive "
                "again or leave it out"
            )
        return self.remark(raw, path, sample.get("depth_direction", self.direction))

    def remark(self, raw: np.ndarray, path: str, direction: str) -> str:
        """Say what is odd about the values of a map that can be loaded; return an empty text if nothing is.

        Args:
            raw: the values (H, W) of the file.
            direction: the direction of its depth.
        """
        if raw.dtype.kind == "f":
            return ""
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

    def _filled(self, holes: np.ndarray, path: str) -> str:
        share = f"{holes.mean():.1%} of its pixels unmeasured"
        return f"depth map {path} has {share}, filled by fill={self.fill!r}" if holes.any() else ""

    def _report_constant(self, path: str, value: float) -> None:
        message = f"depth map {path} is empty: {value} everywhere"
        if not self.allow_constant:
            raise InputError(f"{message} (allow_constant=True lets such maps pass)")
        warnings.warn(message, stacklevel=2)


def filled(depth: np.ndarray, holes: np.ndarray, fill: str) -> np.ndarray:
    """Fill the unmeasured pixels of a depth map.

    Args:
        depth: the depth (H, W), 1 near, of any value in the holes.
        holes: the mask (H, W) of unmeasured pixels.
        fill: one of :data:`FILLS`. Without a measured pixel, all of them mean far.
    """
    whole = np.where(holes, np.float32(0), depth)
    if fill == "far" or holes.all():
        return whole
    if fill == "mean":
        whole[holes] = depth[~holes].mean()
        return whole
    _, labels = cv2.distanceTransformWithLabels(
        holes.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )  # (H, W): the number of the nearest measured pixel
    values = np.zeros(labels.max() + 1, np.float32)
    values[labels[~holes]] = depth[~holes]
    whole[holes] = values[labels[holes]]
    return whole


def _split(results: dict) -> None:
    """Split an array of four channels into image and depth."""
    image = results.get("img")
    if image is not None and image.ndim == 3 and image.shape[2] == 4:
        results["img"], results["depth"] = image[..., :3], image[..., 3].astype(np.float32) / 255


def _checked(depth: np.ndarray) -> np.ndarray:
    """Return an array of depth as float32."""
    measured = depth[~np.isnan(depth)] if depth.dtype.kind == "f" else depth
    usable = depth.ndim == 2 and depth.dtype.kind == "f" and measured.size
    if not usable or not 0 <= measured.min() <= measured.max() <= 1:
        raise InputError(
            f"depth is (H, W) floats from 0, far, to 1, near, not {depth.shape} {depth.dtype} "
            f"from {depth.min()} to {depth.max()}"
        )
    return depth.astype(np.float32)
