"""Masks, depth, saliency maps and thermal images of known content, stored in every way and read again.

The values read must be the content within rounding, or be refused, or reported with the file's name; all else is WRONG.
"""

import random
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from fuzzing.campaign import Try

SIZE = (40, 56)
SUFFIXES = (".png", ".png", ".tif", ".bmp", ".jpg", ".pgm", ".webp")
DEEP, ALPHA, PALETTE, TIF = (".png", ".tif"), (".png", ".tif", ".webp"), (".png", ".bmp", ".tif"), (".tif",)
"""Suffixes of formats for images with 16 bits, four channels or a palette, and with 32 bits."""

Reading = tuple[Callable[[], tuple[np.ndarray, str]], np.ndarray, tuple[float, float]]
"""Function that gives values (H, W) and a remark, the right values, and the tolerances without and with JPEG."""


def tries(rng: random.Random, folder: Path) -> Iterator[Try]:
    """Store an image of some kind in some way, and read it."""
    kinds = {"mask": mask, "depth": depth, "map": saliency_map, "thermal": thermal}
    while True:
        kind, case = rng.choice(list(kinds)), Case(folder, random.Random(rng.random()))
        reading = kinds[kind](case)
        name = f"{kind}: {case.storage}, {case.path.suffix[1:]}"
        yield Try({name: partial(case.compare, *reading)})


class Case:
    """One file, and the way it is stored."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.rng, self.storage, self.path = rng, "", folder / "x.png"
        self.numbers = np.random.default_rng(rng.randrange(1 << 30))

    def write(self, ways: dict[str, tuple]) -> list[Any]:
        """Save by one of several ways, each an image, suffixes of formats and more, and return what is more.

        Images are saved by Pillow, arrays by OpenCV, in a format that can hold them.
        """
        self.storage = self.rng.choice(list(ways))
        image, suffixes, *more = ways[self.storage]
        self.path = self.path.with_name(f"stored{self.rng.choice(suffixes)}")
        if isinstance(image, np.ndarray):
            cv2.imwrite(str(self.path), image)
        else:
            try:
                image.save(self.path, lossless=True, quality=97)
            except OSError:  # a format without this mode
                self.path = self.path.with_suffix(".png")
                image.save(self.path)
        return more

    def compare(
        self, read: Callable[[], tuple[np.ndarray, str]], truth: np.ndarray, tolerances: tuple[float, float]
    ) -> str:
        """Compare the values read with the right ones, and return whether they are right, or reported.

        Raises:
            AssertionError: neither.
        """
        from fastreid_mm.common.errors import InputError

        try:
            with warnings.catch_warnings(record=True) as raised:
                warnings.simplefilter("always")
                values, remark = read()
        except InputError as error:
            if self.path.name not in str(error):
                raise AssertionError(f"unnamed: {error}") from error
            raise
        is_named = self.path.name in " ".join([remark, *(str(each.message) for each in raised)])
        away = np.abs(values.astype(np.float64) - truth)
        is_jpeg = self.path.suffix == ".jpg"
        if (np.quantile(away, 0.97) if is_jpeg else away.max()) <= tolerances[is_jpeg]:
            return "right, and reported" if is_named else "right"
        if not is_named:
            raise AssertionError("unreported")
        return "reported"


def ellipse(rng: random.Random) -> np.ndarray:
    """Draw a mask (H, W) of 0 and 1 with one object of any size."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    centre = rng.uniform(12, SIZE[0] - 12), rng.uniform(12, SIZE[1] - 12)
    radius = rng.uniform(2, 12), rng.uniform(2, 12)
    return (((rows - centre[0]) / radius[0]) ** 2 + ((columns - centre[1]) / radius[1]) ** 2 < 1).astype(np.uint8)


def palette(indices: np.ndarray, colours: list[int]) -> Image.Image:
    """Make an image of indices 0 and 1 with a palette of colours."""
    image = Image.fromarray(indices, "P")
    image.putpalette(colours + [0] * (768 - len(colours)))
    return image


def in_alpha(values: Image.Image, level: int) -> Image.Image:
    """Make an image of one grey level whose transparency has the values."""
    return Image.merge("LA", [Image.new("L", values.size, level), values])


def grey_16(values: np.ndarray) -> np.ndarray:
    """Round values to 16 bits."""
    return np.rint(values).astype(np.uint16)


def image_32(values: np.ndarray, kind: type = np.int32) -> Image.Image:
    """Make an image of 32 bits a pixel."""
    return Image.fromarray(values.astype(kind))


def mask(case: Case) -> Reading:
    """Store a mask in any mode, with any pair of values."""
    from fastreid_mm.saliency.image_files import look_at_mask

    truth = ellipse(case.rng)
    light = case.rng.choice((255, 255, 1, 2, 64, 100, 127, 128, 129, 200, 254))
    white, lit = Image.fromarray(truth * 255), Image.fromarray(truth * np.uint8(light))
    channel, single = case.rng.randrange(3), np.zeros((*SIZE, 3), np.uint8)
    single[..., channel] = truth * case.rng.choice((255, 128))
    inner = cv2.erode(truth, np.ones((3, 3), np.uint8))
    with_edge = Image.fromarray(np.where(truth > inner, 255, inner).astype(np.uint8))  # a void edge, as in VOC
    case.write(
        {
            f"0 and {light}": (lit, SUFFIXES),
            f"0 and {light}, three channels": (lit.convert("RGB"), SUFFIXES),
            "1 bit": (white.convert("1"), SUFFIXES),
            "grey palette": (palette(truth, [0, 0, 0, 255, 255, 255]), PALETTE),
            "palette of colours": (palette(truth, [0, 0, 0, 128, 0, 0]), PALETTE),
            "classes 1 and 2": (Image.fromarray(truth + np.uint8(1)), DEEP),
            "0, 1 and 255 for the edge": (with_edge, DEEP),
            "opaque alpha": (white.convert("LA"), DEEP),
            "opaque alpha, four channels": (white.convert("RGBA"), ALPHA),
            "in alpha alone": (in_alpha(white, 255), DEEP),
            "in alpha alone, four channels": (in_alpha(white, 255).convert("RGBA"), ALPHA),
            "one colour on black": (single, (*PALETTE, ".jpg")),
            "CMYK": (white.convert("RGB").convert("CMYK"), (".tif", ".jpg")),
            "inverted": (Image.fromarray(255 - truth * 255), SUFFIXES),
            "16 bits, 65535": (grey_16(truth) * 65535, DEEP),
            f"16 bits, {light}": (grey_16(truth) * light, DEEP),
            "32 bits": (image_32(truth * 255), TIF),
            "floating point": (image_32(truth, np.float32), TIF),
        }
    )
    return lambda: look_at_mask(str(case.path)), truth, (0, 0)


def scene(case: Case) -> np.ndarray:
    """Draw depth (H, W) from 0, far, to 1, near: a slope with an object, over the whole range."""
    slope = np.tile(np.linspace(0, 0.7, SIZE[1]), (SIZE[0], 1))
    near = np.where(ellipse(case.rng) > 0, 1.0, slope + case.numbers.uniform(0, 0.02, SIZE))
    return (near - near.min()) / np.ptp(near)


def depth(case: Case) -> Reading:
    """Store depth in any mode, scaled, with pixels that were not measured."""
    from mmseg_mm.datasets import LoadDepthFromFile

    truth = scene(case)
    near, far = np.rint(truth * 255).astype(np.uint8), np.rint(1000 + (1 - truth) * 4000)
    holes = case.numbers.random(SIZE) < 0.1
    measured, holed = np.where(holes, 0, truth), np.where(holes, 0, far)
    few = case.numbers.random(SIZE) < 0.02
    coloured = cv2.applyColorMap(near, cv2.COLORMAP_JET)
    grey, deep = Image.fromarray(near), grey_16(truth * 65535)
    stray = np.full(SIZE, 128, np.uint8)  # empty but for one pixel
    stray[3, 3] = 7
    white: dict[str, Any] = {"direction": "far_white"}
    metric = white | {"scaling": "minmax"}
    arguments, right = case.write(
        {
            "8 bits": (grey, SUFFIXES, {}, truth),
            "three channels": (grey.convert("RGB"), SUFFIXES, {}, truth),
            "opaque alpha": (grey.convert("RGBA"), ALPHA, {}, truth),
            "in alpha alone": (in_alpha(grey, 9), (".png",), {}, truth),
            "grey palette": (grey.convert("P"), (".png", ".bmp"), {}, truth),
            "far is white": (Image.fromarray(255 - near), SUFFIXES, white, truth),
            "16 bits": (deep, DEEP, {}, truth),
            "16 bits, three channels": (np.dstack([deep] * 3), DEEP, {}, truth),
            "16 bits of 8": (near.astype(np.uint16), DEEP, {}, truth),
            "millimetres by range": (grey_16(far), DEEP, white, truth),
            "millimetres by minmax": (grey_16(far), DEEP, metric, truth),
            "millimetres, holes": (grey_16(holed), DEEP, metric, measured),
            "millimetres, holes by range": (grey_16(holed * 10), DEEP, white, measured),
            "millimetres, holes, unmeasured=0": (grey_16(holed), DEEP, metric | {"unmeasured": 0}, measured),
            "colour map": (coloured, (".png", ".bmp", ".jpg"), {}, truth),
            "colour map of few pixels": (coloured * few[..., None], (".png",), {}, few * truth),
            "floating point": (image_32(truth, np.float32), TIF, {}, truth),
            "32 bits": (image_32(far), TIF, {}, truth),
            "one value but for a pixel": (Image.fromarray(stray), (".png",), {"scaling": "minmax"}, np.full(SIZE, 0.5)),
        }
    )
    loader = LoadDepthFromFile(**arguments)
    return lambda: (loader.transform({"depth_path": str(case.path)})["depth"], ""), right, (0.005, 0.03)


def saliency_map(case: Case) -> Reading:
    """Store a saliency map, which scores stretch to its range."""
    from fastreid_mm.saliency.image_files import read_map

    soft = cv2.GaussianBlur(ellipse(case.rng).astype(np.float32), (0, 0), 3) + case.numbers.uniform(0, 0.1, SIZE)
    low, high = case.rng.choice(((0, 255), (0, 180), (30, 90)))
    values = np.rint((soft - soft.min()) / np.ptp(soft) * (high - low) + low).astype(np.uint8)
    grey = Image.fromarray(values)
    case.write(
        {
            "8 bits": (grey, SUFFIXES),
            "three channels": (grey.convert("RGB"), SUFFIXES),
            "in alpha alone": (in_alpha(grey, 0), (".png",)),
            "16 bits of 8": (grey_16(values), DEEP),
            "16 bits": (grey_16(values) * 257, DEEP),
            "16 bits, three channels": (np.dstack([grey_16(values)] * 3), DEEP),
            "32 bits": (image_32(values), TIF),
            "floating point": (image_32(values / 255, np.float32), TIF),
            "logits": (image_32(values - 99.0, np.float32), TIF),
            "colour map": (cv2.applyColorMap(values, cv2.COLORMAP_JET), (".png", ".jpg")),
            "16 bits, one value": (np.full(SIZE, 200, np.uint16), DEEP),
        }
    )

    def stretched() -> tuple[np.ndarray, str]:
        values, remark = read_map(str(case.path))
        values = np.rint(values * 255)
        return (values - values.min()) / max(np.ptp(values), 1), remark

    return stretched, (values.astype(float) - low) / (high - low), (0.012, 0.08)


def thermal(case: Case) -> Reading:
    """Store a thermal image as a camera does, and read it by any rule."""
    from fastreid_mm.common.read_image import FULL_RANGE, PixelRule, read_and_judge

    warmth = scene(case)
    spans = {"radiometric": (51241, 52181), "12 bits": (0, 4095), "14 bits": (0, 16383), "16 bits": (0, 65535)}
    span = case.rng.choice(list(spans))
    low, high = spans[span]
    values, grey = np.rint(low + warmth * (high - low)), Image.fromarray(np.rint(warmth * 255).astype(np.uint8))
    rules = {"upper half": FULL_RANGE, "own range": (), "fixed range": (low, high), "another range": (0, 255)}
    rule = case.rng.choice(list(rules))
    case.write(
        {
            "one channel": (grey_16(values), DEEP),
            "big-endian": (Image.fromarray(grey_16(values).astype(">u2")), TIF),
            "three channels": (np.dstack([grey_16(values)] * 3), DEEP),
            "32 bits": (image_32(values), TIF),
            "kelvin": (image_32(values / 100, np.float32), TIF),
            "8 bits": (grey, SUFFIXES),
            "8 bits, palette": (grey.convert("P"), (".png", ".bmp")),
        }
    )
    is_grey, unit = case.storage.startswith("8"), 100 if case.storage == "kelvin" else 1
    limits = (low / unit, high / unit) if rule == "fixed range" and unit > 1 else rules[rule]
    if rule == "another range" and not is_grey:  # the values after the range, which is reported if it clips most
        held = values / unit
        warmth = (held / 255).clip(0, 1) if np.mean(held > 255) <= 0.5 else np.full(SIZE, np.nan)
    case.storage = f"{'any' if is_grey else span} in {case.storage}, {rule}"

    def read() -> tuple[np.ndarray, str]:
        image, remark = read_and_judge(str(case.path), PixelRule(limits))
        return np.asarray(image)[..., 0] / 255, remark

    return read, warmth, (0.02, 0.05)
