"""Where places lie in a photograph, and the crops of them."""

from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from roadscene.crops import LYING, UPRIGHT, Cut, Style, expose, jittered_box
from roadscene.places import draw_centres

SIZES = [(560, 320), (609, 459), (368, 178), (192, 128)]


def _places(size: tuple[int, int], cut: Cut, seed: int = 0) -> list[tuple[float, float]]:
    return draw_centres(size, cut, np.random.default_rng(seed))


@pytest.mark.parametrize("size, least", zip(SIZES, (6, 6, 3, 1)))
@pytest.mark.parametrize("cut", [UPRIGHT, LYING])
def test_places_lie_in_the_photograph_and_share_little(size: tuple[int, int], least: int, cut: Cut) -> None:
    width, height = cut.fitted(size)
    places = _places(size, cut)
    assert least <= len(places) <= 6
    for x, y in places:
        assert width / 2 <= x <= size[0] - width / 2 and height / 2 <= y <= size[1] - height / 2
    for (x, y), (u, v) in combinations(places, 2):
        shared = max(0, width - abs(x - u)) * max(0, height - abs(y - v))
        assert shared <= 0.3 * width * height + 1e-6


def test_the_seed_tells_where() -> None:
    assert _places((560, 320), UPRIGHT) == _places((560, 320), UPRIGHT) != _places((560, 320), UPRIGHT, 1)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("cut", [UPRIGHT, LYING])
@pytest.mark.parametrize("style", [Style(), Style(1.05, (0.06, -0.05)), Style(0.8, (-0.06, 0.05))])
def test_crops_stay_in_the_photograph_keep_their_shape_and_never_repeat(
    size: tuple[int, int], cut: Cut, style: Style
) -> None:
    rng = np.random.default_rng(0)
    boxes = [jittered_box(size, centre, style, rng, cut) for centre in _places(size, cut) for _ in range(4)]
    for left, top, right, bottom in boxes:
        assert 0 <= left < right <= size[0] + 1e-9 and 0 <= top < bottom <= size[1] + 1e-9
        assert (right - left) / (bottom - top) == pytest.approx(cut.size[0] / cut.size[1])
    assert len(set(boxes)) == len(boxes)


def test_a_crop_is_jittered_by_an_eighth_at_most_about_what_its_camera_sees() -> None:
    rng, centre = np.random.default_rng(0), (300.0, 160.0)
    boxes = np.array([jittered_box((600, 320), centre, Style(0.9, (0.1, 0.0)), rng, UPRIGHT) for _ in range(400)])
    widths = boxes[:, 2] - boxes[:, 0]
    assert 0.88 * 0.9 * 74 <= widths.min() < 0.9 * 0.9 * 74 and 1.1 * 0.9 * 74 < widths.max() <= 1.12 * 0.9 * 74
    for low, high, expected in ((0, 2, 300 + 7.4), (1, 3, 160)):
        shifts = (boxes[:, low] + boxes[:, high]) / 2 - expected
        assert -0.12 * 74 <= shifts.min() < -8 and 8 < shifts.max() <= 0.12 * 74


def test_exposure_changes_brightness_within_a_quarter_of_the_cameras() -> None:
    rng = np.random.default_rng(0)
    means = [np.asarray(expose(Image.new("L", (4, 4), 100), Style(brightness=1.1), rng)).mean() for _ in range(200)]
    assert 82 <= min(means) < 90 and 130 < max(means) <= 138
