"""Cameras that photograph toy people: visible ones show their colours, infrared ones their warmth."""

from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageFilter

from toy_people.canvas import HEIGHT, OVERSAMPLING, WIDTH
from toy_people.figure import draw_figure, sample_pose
from toy_people.identity import Person
from toy_people.place import PANORAMA_WIDTH, draw_place

# A row for each Surface. The infrared values are those of a cool place: below cloth and far below skin.
_SURFACE_COLOURS = (
    (196, 190, 176),
    (128, 112, 96),
    (120, 84, 58),
    (88, 120, 150),
    (250, 248, 235),
    (176, 204, 232),
    (172, 142, 120),
    (70, 84, 98),
    (64, 104, 52),
    (84, 64, 48),
)
_SURFACE_WARMTH = (58, 44, 66, 50, 150, 12, 62, 38, 48, 56)


@dataclass(frozen=True)
class Camera:
    """Camera that is fixed at its place.

    Attributes:
        place: the number of the place that it looks at; two cameras may share one.
        indoor: whether that is a corridor, or else a street.
        infrared: whether it sees warmth instead of colours.
        gain: the brightness of the three channels; an infrared camera uses the first.
        blur: the radius of the lens blur, in pixels.
        noise: the standard deviation of the sensor noise, in grey levels.
    """

    place: int
    indoor: bool
    infrared: bool
    gain: tuple[float, float, float]
    blur: float
    noise: float


@dataclass
class Studio:
    """Studio that photographs people, and keeps the places that it has drawn.

    Args:
        seed: determines the places and every image.
    """

    seed: int
    _places: dict[tuple[int, bool], np.ndarray] = field(default_factory=dict, repr=False)

    def photograph(self, person: Person, camera: Camera, key: tuple[int, ...]) -> Image.Image:
        """Take a 64 x 128 picture, in RGB or, from an infrared camera, in grey.

        The same person, camera and key, of numbers that identify the image, give the same picture.
        """
        rng = np.random.default_rng([self.seed, 1, *key])
        parts, light = draw_figure(person.shape, sample_pose(person.shape, rng))
        figure, cover, shade = _develop(person, camera, parts, light)
        background = self._background(camera, rng)
        picture = figure * shade * _sidelight(camera, rng) + (1 - cover) * background
        return _expose(picture, camera, rng)

    def _background(self, camera: Camera, rng: np.random.Generator) -> np.ndarray:
        """Cut a window out of the camera's place, (128, 64, channels)."""
        key = (camera.place, camera.indoor)
        if key not in self._places:
            self._places[key] = draw_place(camera.indoor, [self.seed, 2, camera.place])
        left = rng.integers(PANORAMA_WIDTH - WIDTH + 1)
        rows = np.clip(np.arange(HEIGHT) + rng.integers(-3, 4), 0, HEIGHT - 1)
        window = self._places[key][rows, left : left + WIDTH]
        values = _SURFACE_WARMTH if camera.infrared else _SURFACE_COLOURS
        palette = np.asarray(values, dtype=np.uint8).reshape(len(values), -1)  # (surfaces, channels)
        return palette[window] * _mottle(0.07, rng)


def _develop(
    person: Person, camera: Camera, parts: Image.Image, light: Image.Image
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Turn a figure into its colour (or warmth) times cover, its cover and its light, each (128, 64, 1 or 3)."""
    cover = parts.point(lambda part: 255 * (part > 0))
    shade = _shrink(light) / 255
    # Warm things glow by themselves, so shadows hardly show in infrared.
    shade = 1 - 0.45 * (1 - shade) if camera.infrared else shade
    return _shrink(_coloured(parts, person, camera)), _shrink(cover) / 255, shade


def _coloured(parts: Image.Image, person: Person, camera: Camera) -> Image.Image:
    """Give each part its grey value in infrared, its colour in visible light."""
    if camera.infrared:
        return parts.point([*person.warmth, *[0] * (256 - len(person.warmth))])
    indexed = parts.copy()
    indexed.putpalette([value for colour in person.colours for value in colour])
    return indexed.convert("RGB")


def _shrink(image: Image.Image) -> np.ndarray:
    """Average 192 x 384 pixels down to (128, 64, C)."""
    return np.asarray(image.reduce(OVERSAMPLING), dtype=np.float32).reshape(HEIGHT, WIDTH, -1)


def _sidelight(camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """Light creased cloth from one side, (128, 64, 1): strongly in the visible, faintly in the infrared."""
    slope, creases = (0.08, 0.05) if camera.infrared else (0.3, 0.1)
    side = 1 + slope * rng.uniform(-1, 1) * np.linspace(-1, 1, WIDTH, dtype=np.float32)
    return side.reshape(1, WIDTH, 1) * _mottle(creases, rng)


def _mottle(amount: float, rng: np.random.Generator) -> np.ndarray:
    """Draw soft random blotches about one, (128, 64, 1)."""
    grid = Image.fromarray(rng.normal(1, amount, (16, 8)).astype(np.float32))
    return np.asarray(grid.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))[..., None]


def _expose(picture: np.ndarray, camera: Camera, rng: np.random.Generator) -> Image.Image:
    """Apply the camera's gain, lens and sensor."""
    gain = np.asarray(camera.gain[: picture.shape[2]], dtype=np.float32)
    picture = picture * (gain * rng.uniform(0.82, 1.15)) + rng.uniform(-10, 10)
    blurred = _image(picture).filter(ImageFilter.GaussianBlur(camera.blur * rng.uniform(0.7, 1.3)))
    noisy = np.asarray(blurred, dtype=np.float32).reshape(picture.shape)
    return _image(noisy + rng.normal(0, camera.noise, picture.shape))


def _image(values: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(np.round(values), 0, 255).astype(np.uint8).squeeze())
