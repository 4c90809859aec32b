"""Masks, depth, saliency maps and thermal images of known content, stored in every way and read again.

The values read must be the content within rounding, or be refused, or reported with the file's name; all else is WRONG.
"""

import random
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from fuzzing.outcome import count, outcome

SIZE = (40, 56)
SUFFIXES = (".png", ".png", ".tif", ".bmp", ".jpg", ".pgm", ".webp")
DEEP_SUFFIXES = (".png", ".tif")


def fuzz(times: int, seed: int) -> Counter:
    """Count outcomes by kind of image and way of storing."""
    rng, counts = random.Random(seed), Counter()
    kinds = {"mask": try_mask, "depth": try_depth, "map": try_map, "thermal": try_thermal}
    with tempfile.TemporaryDirectory() as name:
        for index in range(times):
            kind, case = rng.choice(list(kinds)), Case(Path(name), random.Random(rng.random()))
            result = outcome(lambda: kinds[kind](case), (RefusedError,))  # noqa: B023  called at once
            verdict = case.result if result == "works" else result
            count(counts, f"{kind}: {case.storage}", verdict, f"storage {index} of seed {seed}, {case.path.name}")
    return counts


class RefusedError(ValueError):
    """Refusal that names the file."""


class Case:
    """One file: the way it is stored, and the result of reading it."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.folder, self.rng, self.storage, self.path, self.result = folder, rng, "", folder / "x.png", ""
        self.numbers = np.random.default_rng(rng.randrange(1 << 30))

    def write(self, storage: str, image: Image.Image | np.ndarray, suffixes: tuple[str, ...]) -> str:
        """Save by Pillow, or an array by OpenCV, in a format that can hold it, and return the path."""
        suffix = self.rng.choice(suffixes)
        self.path = self.folder / f"stored{suffix}"
        if isinstance(image, np.ndarray):
            cv2.imwrite(str(self.path), image)
        else:
            try:
                image.save(self.path, lossless=True, quality=97)
            except OSError:  # a format without this mode
                self.path = self.folder / "stored.png"
                image.save(self.path)
        self.storage = f"{storage}, {self.path.suffix[1:]}"
        return str(self.path)

    def read(self, read: Callable[[], tuple[np.ndarray, str]], truth: np.ndarray, tolerance: float) -> None:
        """Compare the values read (H, W) with the content, numbers from 0 to 1."""
        from fastreid_mm.common.errors import InputError

        try:
            with warnings.catch_warnings(record=True) as raised:
                warnings.simplefilter("always")
                values, remark = read()
        except InputError as error:
            raise (
                RefusedError(str(error)) if self.path.name in str(error) else AssertionError(f"unnamed: {error}")
            ) from error
        is_named = self.path.name in " ".join([remark, *(str(each.message) for each in raised)])
        away = np.abs(values.astype(np.float64) - truth)
        right = np.quantile(away, 0.97) <= tolerance if self.path.suffix == ".jpg" else away.max() <= tolerance
        self.result = (
            ("right, and reported" if is_named else "right")
            if right
            else "reported"
            if is_named
            else "WRONG, unreported"
        )


def ellipse(rng: random.Random) -> np.ndarray:
    """Draw a mask (H, W) of 0 and 1 with one object of any size."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    centre = rng.uniform(12, SIZE[0] - 12), rng.uniform(12, SIZE[1] - 12)
    radius = rng.uniform(2, 12), rng.uniform(2, 12)
    return (((rows - centre[0]) / radius[0]) ** 2 + ((columns - centre[1]) / radius[1]) ** 2 < 1).astype(np.uint8)


def palette(mask: np.ndarray, colours: list[int]) -> Image.Image:
    """Make an image of indices 0 and 1 with a palette of colours."""
    image = Image.fromarray(mask, "P")
    image.putpalette(colours + [0] * (768 - len(colours)))
    return image


def try_mask(case: Case) -> None:
    """Store and read a mask in any mode, with any pair of values."""
    from fastreid_mm.saliency.image_files import look_at_mask

    mask = ellipse(case.rng)
    light = case.rng.choice((255, 255, 1, 2, 64, 100, 127, 128, 129, 200, 254))
    white, any_suffix = Image.fromarray(mask * 255), SUFFIXES
    alpha = Image.merge("LA", [Image.new("L", white.size, 255), white])
    channel = case.rng.randrange(3)
    single = np.zeros((*SIZE, 3), np.uint8)
    single[..., channel] = mask * case.rng.choice((255, 128))
    ways: dict[str, tuple[Image.Image | np.ndarray, tuple[str, ...]]] = {
        f"0 and {light}": (Image.fromarray(mask * np.uint8(light)), any_suffix),
        f"0 and {light}, three channels": (Image.fromarray(mask * np.uint8(light)).convert("RGB"), any_suffix),
        "1 bit": (white.convert("1"), any_suffix),
        "grey palette": (palette(mask, [0, 0, 0, 255, 255, 255]), (".png", ".bmp", ".tif")),
        "palette of colours": (palette(mask, [0, 0, 0, 128, 0, 0]), (".png", ".bmp", ".tif")),
        "classes 1 and 2": (Image.fromarray(mask + np.uint8(1)), DEEP_SUFFIXES),
        "0, 1 and 255 for the edge": (classes(mask), DEEP_SUFFIXES),
        "opaque alpha": (white.convert("LA"), (".png", ".tif")),
        "opaque alpha, four channels": (white.convert("RGBA"), (".png", ".tif", ".webp")),
        "in alpha alone": (alpha, (".png", ".tif")),
        "in alpha alone, four channels": (alpha.convert("RGBA"), (".png", ".tif", ".webp")),
        "one colour on black": (single, (".png", ".bmp", ".tif", ".jpg")),
        "CMYK": (white.convert("RGB").convert("CMYK"), (".tif", ".jpg")),
        "inverted": (Image.fromarray(255 - mask * 255), any_suffix),
        "16 bits, 65535": (mask.astype(np.uint16) * 65535, DEEP_SUFFIXES),
        f"16 bits, {light}": (mask.astype(np.uint16) * light, DEEP_SUFFIXES),
        "32 bits": (Image.fromarray(mask.astype(np.int32) * 255), (".tif",)),
        "floating point": (Image.fromarray(mask.astype(np.float32)), (".tif",)),
    }
    storage = case.rng.choice(list(ways))
    path = case.write(storage, *ways[storage])
    case.read(lambda: look_at_mask(path), mask, 0)


def classes(mask: np.ndarray) -> Image.Image:
    """Make an image of class 1 with a void edge of 255, as in VOC."""
    inner = cv2.erode(mask, np.ones((3, 3), np.uint8))
    return Image.fromarray(np.where(mask > inner, 255, inner).astype(np.uint8))


def scene(case: Case) -> np.ndarray:
    """Draw depth (H, W) from 0, far, to 1, near: a slope with an object, over the whole range."""
    slope = np.tile(np.linspace(0, 0.7, SIZE[1]), (SIZE[0], 1))
    depth = np.where(ellipse(case.rng) > 0, 1.0, slope + case.numbers.uniform(0, 0.02, SIZE))
    return (depth - depth.min()) / np.ptp(depth)


def try_depth(case: Case) -> None:
    """Store and read depth in any mode, scaled, with pixels that were not measured."""
    from mmseg_mm.datasets import LoadDepthFromFile

    depth = scene(case)
    near, far = np.rint(depth * 255).astype(np.uint8), np.rint(1000 + (1 - depth) * 4000)
    holes = case.numbers.random(SIZE) < 0.1
    measured = np.where(holes, 0, depth)
    few = case.numbers.random(SIZE) < 0.02
    coloured = cv2.applyColorMap(near, cv2.COLORMAP_JET)
    grey, tif = Image.fromarray(near), (".tif",)
    metric = {"direction": "far_white", "scaling": "minmax"}
    ways: dict[str, tuple] = {
        "8 bits": (grey, SUFFIXES, {}, depth),
        "three channels": (grey.convert("RGB"), SUFFIXES, {}, depth),
        "opaque alpha": (grey.convert("RGBA"), (".png", ".tif", ".webp"), {}, depth),
        "in alpha alone": (Image.merge("LA", [Image.new("L", grey.size, 9), grey]), (".png",), {}, depth),
        "grey palette": (grey.convert("P"), (".png", ".bmp"), {}, depth),
        "far is white": (Image.fromarray(255 - near), SUFFIXES, {"direction": "far_white"}, depth),
        "16 bits": (np.rint(depth * 65535).astype(np.uint16), DEEP_SUFFIXES, {}, depth),
        "16 bits, three channels": (
            np.dstack([np.rint(depth * 65535).astype(np.uint16)] * 3),
            DEEP_SUFFIXES,
            {},
            depth,
        ),
        "16 bits of 8": (near.astype(np.uint16), DEEP_SUFFIXES, {}, depth),
        "millimetres by range": (far.astype(np.uint16), DEEP_SUFFIXES, {"direction": "far_white"}, depth),
        "millimetres by minmax": (far.astype(np.uint16), DEEP_SUFFIXES, metric, depth),
        "millimetres, holes": (np.where(holes, 0, far).astype(np.uint16), DEEP_SUFFIXES, metric, measured),
        "millimetres, holes by range": (
            np.where(holes, 0, far * 10).astype(np.uint16),
            DEEP_SUFFIXES,
            {"direction": "far_white"},
            measured,
        ),
        "millimetres, holes, unmeasured=0": (
            np.where(holes, 0, far).astype(np.uint16),
            DEEP_SUFFIXES,
            {**metric, "unmeasured": 0},
            measured,
        ),
        "colour map": (coloured, (".png", ".bmp", ".jpg"), {}, depth),
        "colour map of few pixels": (
            np.where(few[..., None], coloured, 0).astype(np.uint8),
            (".png",),
            {},
            few * depth,
        ),
        "floating point": (Image.fromarray(depth.astype(np.float32)), tif, {}, depth),
        "32 bits": (Image.fromarray(far.astype(np.int32)), tif, {}, depth),
        "one value but for a pixel": (stray(), (".png",), {"scaling": "minmax"}, np.full(SIZE, 0.5)),
    }
    storage = case.rng.choice(list(ways))
    image, suffixes, arguments, truth = ways[storage]
    path = case.write(storage, image, suffixes)
    loader = LoadDepthFromFile(**arguments)
    case.read(
        lambda: (loader.transform({"depth_path": path})["depth"], ""), truth, 0.03 if path.endswith("jpg") else 0.005
    )


def stray() -> Image.Image:
    """Make a map that is empty but for one pixel."""
    values = np.full(SIZE, 128, np.uint8)
    values[3, 3] = 7
    return Image.fromarray(values)


def try_map(case: Case) -> None:
    """Store and read a saliency map, which scores stretch to its range."""
    from fastreid_mm.saliency.image_files import read_map

    soft = cv2.GaussianBlur(ellipse(case.rng).astype(np.float32), (0, 0), 3) + case.numbers.uniform(0, 0.1, SIZE)
    low, high = case.rng.choice(((0, 255), (0, 180), (30, 90)))
    values = np.rint((soft - soft.min()) / np.ptp(soft) * (high - low) + low).astype(np.uint8)
    truth = (values.astype(float) - low) / (high - low)
    grey = Image.fromarray(values)
    ways: dict[str, tuple] = {
        "8 bits": (grey, SUFFIXES),
        "three channels": (grey.convert("RGB"), SUFFIXES),
        "in alpha alone": (Image.merge("LA", [Image.new("L", grey.size), grey]), (".png",)),
        "16 bits of 8": (values.astype(np.uint16), DEEP_SUFFIXES),
        "16 bits": (values.astype(np.uint16) * 257, DEEP_SUFFIXES),
        "16 bits, three channels": (np.dstack([values.astype(np.uint16)] * 3), DEEP_SUFFIXES),
        "32 bits": (Image.fromarray(values.astype(np.int32)), (".tif",)),
        "floating point": (Image.fromarray(values.astype(np.float32) / 255), (".tif",)),
        "logits": (Image.fromarray(values.astype(np.float32) - 99), (".tif",)),
        "colour map": (cv2.applyColorMap(values, cv2.COLORMAP_JET), (".png", ".jpg")),
        "16 bits, one value": (np.full(SIZE, 200, np.uint16), DEEP_SUFFIXES),
    }
    storage = case.rng.choice(list(ways))
    path = case.write(storage, *ways[storage])

    def stretched() -> tuple[np.ndarray, str]:
        values, remark = read_map(path)
        values = np.rint(values * 255)
        return (values - values.min()) / max(np.ptp(values), 1), remark

    case.read(stretched, truth, 0.08 if path.endswith("jpg") else 0.012)


def try_thermal(case: Case) -> None:
    """Store a thermal image as a camera does, and read it by each rule."""
    from fastreid_mm.common.read_image import FULL_RANGE, PixelRule, read_and_judge

    warmth = scene(case)
    spans = {"radiometric": (51241, 52181), "12 bits": (0, 4095), "14 bits": (0, 16383), "16 bits": (0, 65535)}
    span = case.rng.choice(list(spans))
    low, high = spans[span]
    values = np.rint(low + warmth * (high - low))
    rules = {"upper half": FULL_RANGE, "own range": (), "fixed range": (low, high), "another range": (0, 255)}
    rule = case.rng.choice(list(rules))
    limits = rules[rule]
    deep = values.astype(np.uint16)
    shown = warmth
    kelvin = Image.fromarray((values / 100).astype(np.float32))
    ways: dict[str, tuple] = {
        "one channel": (deep, DEEP_SUFFIXES),
        "big-endian": (Image.fromarray(deep.astype(">u2")), (".tif",)),
        "three channels": (np.dstack([deep] * 3), DEEP_SUFFIXES),
        "32 bits": (Image.fromarray(values.astype(np.int32)), (".tif",)),
        "kelvin": (kelvin, (".tif",)),
        "8 bits": (Image.fromarray(np.rint(warmth * 255).astype(np.uint8)), SUFFIXES),
        "8 bits, palette": (Image.fromarray(np.rint(warmth * 255).astype(np.uint8)).convert("P"), (".png", ".bmp")),
    }
    storage = case.rng.choice(list(ways))
    if storage == "kelvin" and rule == "fixed range":
        limits = (low / 100, high / 100)
    if limits == (0, 255):  # the values after the range, which must be reported if it clips most of them
        held = values / 100 if storage == "kelvin" else values
        warmth = (held / 255).clip(0, 1) if np.mean(held > 255) <= 0.5 else np.full(SIZE, np.nan)
    if storage.startswith("8"):
        warmth = shown
    path = case.write(f"{span if not storage.startswith('8') else 'any'} in {storage}, {rule}", *ways[storage])

    def read() -> tuple[np.ndarray, str]:
        image, remark = read_and_judge(path, PixelRule(limits))
        return np.asarray(image)[..., 0] / 255, remark

    case.read(read, warmth, 0.05 if path.endswith("jpg") else 0.02)
