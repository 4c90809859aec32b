"""Snow, fog, rain and spatter against their formulas, where chance is taken out or averaged."""

import numpy as np
import pytest

from fastreid_mm.corruptions import fog, rain, snow, spatter
from fastreid_mm.corruptions.weather import plasma


def flat(value, height=64, width=32):
    return np.full((height, width, 3), value, np.uint8)


def generator(seed=0):
    return np.random.default_rng(seed)


def close(found, expected, tolerance):
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


class Still(np.random.Generator):
    """Draws nothing but means."""

    def __init__(self):
        super().__init__(np.random.PCG64(0))

    def standard_normal(self, size=None, dtype=None):
        return np.zeros(size, dtype)

    def uniform(self, low, high):
        assert (low, high) == (-135, -45)  # within 45 degrees to the columns
        return (low + high) / 2


@pytest.mark.parametrize("severity, kept", [(1, 0.8), (2, 0.7), (3, 0.7), (4, 0.65), (5, 0.55)])
def test_snow_whitens_the_image(severity, kept):
    """Without chance the layer is its mean everywhere, below the threshold: there are no flakes."""
    for value in (0.2, 0.6):
        expected = min(1, kept * value + (1 - kept) * max(value, 1.5 * value + 0.5))
        close(snow(flat(round(255 * value)), severity, Still()) / 255, expected, 0.004)


SNOWFALLS = [(1, 0.1, 0.5), (2, 0.2, 0.5), (3, 0.55, 0.9), (4, 0.55, 0.85), (5, 0.55, 0.85)]


@pytest.mark.parametrize("severity, mean, threshold", SNOWFALLS)
def test_snow_falls_as_much_as_the_normal_law_says(severity, mean, threshold):
    """On black, where nothing is clipped: (1 - kept) / 2, and twice the mean of what is above the threshold.

    Enlarging interpolates between the drawn values, which makes extremes rarer, so that there is less snow."""
    drawn = mean + 0.3 * generator().standard_normal(100_000)
    flakes = 2 * np.where(drawn < threshold, 0, np.clip(drawn, 0, 1)).mean()
    kept = (0.8, 0.7, 0.7, 0.65, 0.55)[severity - 1]
    falling = snow(flat(0, 144, 144), severity, generator()) / 255 - (1 - kept) / 2
    assert 0.15 * flakes < falling.mean() < flakes
    np.testing.assert_allclose(falling, falling[::-1, ::-1], atol=0.006)


@pytest.mark.parametrize("severity, thickness", [(1, 1.5), (2, 2), (3, 2.5), (4, 2.5), (5, 3)])
def test_fog_is_mixed_with_the_image(severity, thickness, monkeypatch):
    monkeypatch.setattr(
        "fastreid_mm.corruptions.weather.plasma", lambda size, *_: np.full((size, size), 0.5, np.float32)
    )
    image = flat(51)
    image[0, 0] = 204
    expected = (image / 255 + 0.5 * thickness) * 0.8 / (0.8 + thickness)
    close(fog(image, severity, generator()) / 255, expected, 0.003)


def test_a_plasma_gets_rougher_with_a_smaller_decay_and_fits_on_a_torus():
    def roughness(decay):
        fields = [plasma(64, decay, generator(seed)) for seed in range(20)]
        assert all(field.shape == (64, 64) and field.min() == 0 and field.max() == 1 for field in fields)
        seam = np.mean([np.abs(field[0] - field[-1]).mean() for field in fields])
        step = np.mean([np.abs(np.diff(field, axis=0)).mean() for field in fields])
        assert seam == pytest.approx(step, rel=0.5)
        return step

    assert roughness(1.4) > 1.5 * roughness(1.7) > 1.5 * 1.2 * roughness(2)


@pytest.mark.parametrize(
    "severity, drops, length, darker",
    [(1, 5, 10, 0.1), (2, 6, 30, 0.15), (3, 6, 30, 0.2), (4, 8, 60, 0.25), (5, 8, 60, 0.3)],
)
def test_rain_is_so_many_drops_of_a_length_and_a_darkening(severity, drops, length, darker, monkeypatch):
    """4096 pixels, for 770, 600 and 500 of which there is a drop."""
    lines = []
    monkeypatch.setattr("cv2.line", lambda image, *ends: lines.append(ends))
    dry = rain(flat(102), severity, generator())
    close(dry / 255, 0.4 - darker, 0.003)
    lines.clear()
    rain(flat(102, 64, 64), severity, generator())
    assert len(lines) == drops
    assert {end[0] - start[0] for start, end, _ in lines} == {10}
    assert {end[1] - start[1] for start, end, _ in lines} == {length}
    assert all(-10 <= x <= 64 and 0 <= y <= 64 for (x, y), _, _ in lines)
    assert {colour for *_, colour in lines} == {(200, 200, 200)}


def test_where_drops_begin_follows_from_a_slant_that_they_do_not_have(monkeypatch):
    """The slant drawn is -9 to 9, 0 twice as often; it moves the range of the drops' columns, not their direction."""
    starts = []
    monkeypatch.setattr("cv2.line", lambda image, start, *_: starts.append(start[0]))
    for seed in range(400):
        rain(flat(102, 64, 50), 2, generator(seed))
    assert min(starts) == -9 and max(starts) == 50
    expected = np.mean([(min(0, slant) + 50 - max(0, slant)) / 2 for slant in (0, *range(-9, 10))])
    assert np.mean(starts) == pytest.approx(expected, abs=0.8)


@pytest.mark.parametrize("severity", [1, 2, 3])
def test_water_lightens_where_drops_are_and_nowhere_else(severity):
    """Pale turquoise, (175, 238, 238) times strength at the most."""
    added = spatter(flat(0, 128, 128), severity, generator()).astype(int)
    assert added.reshape(-1, 3).max(0) == pytest.approx(
        np.array((175, 238, 238)) * (0.6, 0.6, 0.5)[severity - 1], abs=1
    )
    assert 0 < (added.sum(-1) > 0).mean() < (0.3, 0.35, 0.45)[severity - 1]


@pytest.mark.parametrize("severity", [4, 5])
def test_mud_hides_what_is_behind_it(severity):
    white, black = (spatter(flat(value, 128, 128), severity, generator()).astype(float) for value in (255, 0))
    cover = 1 - (white - black) / 255  # the image's own share is what the two differ by
    clean = cover[..., 0] < 0.002
    assert cover[~clean].min() > 0.79 and 0.02 < 1 - clean.mean() < 0.3
    close(black, cover * np.array((63, 42, 20)), 1.5)
