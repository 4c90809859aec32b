"""Loading of thermal images, grey or in false colours, of 8 bits or radiometric."""

from collections.abc import Mapping, Sequence

import numpy as np

from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.common.grey_range import OWN_RANGE, is_range, own_range, require_percentiles, to_grey
from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.saliency.image_files import read_as_stored
from fastreid_mm.saliency.load_second import SecondLoader

RANGES = ("image", "set")
CLIPPED = 0.5
"""Share of pixels beyond the range above which the range is probably that of another camera."""


class ThermalLoader(SecondLoader):
    """Loader of ``thermal_path`` into ``thermal``, (H, W, 3) uint8, blue, green and red, which are equal if it is grey.

    False colours, as VT5000, VT1000 and VT821 have, are kept as they are. Grey images of more than 8 bits, radiometric
    ones for instance, are scaled from a range of their values to black and white. If a sample has no ``thermal_path``,
    the image is looked for under the name of the image in the folder ``T`` beside ``RGB``.

    Instead of a path, a sample may have an array ``thermal``, (H, W, 3) uint8 as above or (H, W) of any numbers, or an
    array ``img`` (H, W, 6) whose channels 3 to 5 are the thermal image.

    Args:
        value_range: the values of more than 8 bits that become black and white: two numbers, as ``(28315, 31315)``
            for 10 to 40 degrees in kelvin x 100; ``"image"`` for each image's own, between the percentiles; or
            ``"set"`` for those of the whole data set. The ``thermal_range`` of a sample, which data sets measure for
            ``"set"``, takes precedence.
        percentiles: the percentiles of the values that become black and white for ``"image"`` and ``"set"``.
        resize, backend_args: see :class:`SecondLoader`.

    Raises:
        InputError: an argument is not one of its choices. On loading, the file or array cannot be used, holds numbers
            that are not finite, its size is not that of the image, it has more pixels than the sample's ``max_pixels``,
            or the range of its set is not known.
    """

    modality = "thermal"
    folder = "T"

    def __init__(
        self,
        value_range: str | Sequence[float] = "image",
        percentiles: Sequence[float] = OWN_RANGE,
        backend_args: dict | None = None,
        resize: bool = False,
    ) -> None:
        super().__init__(resize, backend_args)
        if isinstance(value_range, str):
            require_choice("value_range", value_range, RANGES)
        else:
            require_range("value_range", value_range)
        require_percentiles("percentiles", percentiles)
        self.value_range = value_range if isinstance(value_range, str) else tuple(value_range)
        self.percentiles = tuple(percentiles)

    def transform(self, results: dict) -> dict:
        """Set ``thermal``, from ``thermal_path`` or an array and, if they are given, ``img`` and ``thermal_range``."""
        if results.get("img_path") is None:
            _split(results)
        if "thermal" in results:
            path = "thermal"
            values = _checked(results["thermal"])
        else:
            path = self.find_path(results)
            values = self._values(path, results)
        colours, remark = self.colours(values, path, results.get("thermal_range"))
        self.tell(remark)
        results["thermal"] = self.fit(colours, path, results)
        return results

    def colours(self, values: np.ndarray, path: str, given: Sequence[float] | None) -> tuple[np.ndarray, str]:
        """Turn the values of a file into (H, W, 3) uint8, and say what is odd about them.

        Args:
            values: the values, (H, W) or (H, W, 3).
            given: the range of the sample, if it has one.
        """
        if values.ndim == 3:
            if values.dtype != np.uint8:
                raise InputError(
                    f"{path} has {values.dtype} in several channels; save it with 8 bits, or with a single one"
                )
            return values, _constant(values, path)
        if values.dtype == np.uint8:
            return np.dstack([values] * 3), _constant(values, path)
        if not np.isfinite(values).all():
            raise InputError(f"{path} holds numbers that are not finite")
        low, high = given or self._own(values, path)
        grey = np.dstack([to_grey(values, low, high)] * 3)
        beyond = np.mean((values < low) | (values > high))
        if beyond > CLIPPED:
            found = f"they are from {values.min():g} to {values.max():g}"
            return grey, f"thermal image {path} has {beyond:.0%} of its pixels beyond {low:g} .. {high:g}: {found}"
        return grey, _constant(values, path)

    def _own(self, values: np.ndarray, path: str) -> tuple[float, float]:
        if self.value_range == "set":
            raise InputError(
                f"{path}: the range of its set is not known; in prediction, thermal_range, --thermal-range, says it"
            )
        return own_range(values, self.percentiles) if self.value_range == "image" else self.value_range  # type: ignore[return-value]

    def deep_values(self, sample: Mapping) -> np.ndarray | None:
        """Read the values (H, W) of a sample's file, or return None if it has 8 bits and needs no range."""
        values = self._values(sample["thermal_path"], sample)
        return values if values.ndim == 2 and values.dtype != np.uint8 and np.isfinite(values).all() else None

    def remark_of(self, sample: Mapping) -> str:
        """Read the image of a sample, and say what is odd about its values, see :class:`SecondLoader`."""
        path = sample["thermal_path"]
        return self.colours(self._values(path, sample), path, sample.get("thermal_range"))[1]

    def _values(self, path: str, sample: Mapping) -> np.ndarray:
        return read_as_stored(path, self.backend_args, sample.get("max_pixels", MAX_PIXELS))[0]


def require_range(name: str, values: Sequence[float]) -> None:
    """Refuse anything but a finite number and a higher one.

    Raises:
        InputError: names the argument and the values.
    """
    if not is_range(values):
        raise InputError(
            f"{name} {tuple(values)} is not the value that becomes black and the higher one that becomes white"
        )


def _constant(values: np.ndarray, path: str) -> str:
    return f"thermal image {path} is {values.min():g} everywhere" if values.min() == values.max() else ""


def _split(results: dict) -> None:
    """Split an array of six channels into image and thermal image."""
    image = results.get("img")
    if image is not None and image.ndim == 3 and image.shape[2] == 6:
        results["img"], results["thermal"] = image[..., :3], image[..., 3:]


def _checked(thermal: np.ndarray) -> np.ndarray:
    """Return an array of a thermal image, refused if it has another shape."""
    if thermal.ndim != 2 and (thermal.ndim != 3 or thermal.shape[2] != 3 or thermal.dtype != np.uint8):
        raise InputError(f"a thermal image is (H, W), or (H, W, 3) uint8, not {thermal.shape} {thermal.dtype}")
    return thermal
