"""Snow, frost, fog, rain and spatter against their formulas, where chance is taken out or averaged."""

import numpy as np
import pytest
from PIL import Image

from fastreid_mm.corruptions import fog, frost, rain, read_frost_pictures, snow, spatter
from fastreid_mm.corruptions.frost import drawn_frost
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


@pytest.mark.parametrize("severity, kept", [(1, 0.8), (2, 0.7), (3, 0.7), (4, 0.65), (5, 0.55)])
def test_snow_whitens_the_image(severity, kept):
    """Without chance the layer is its mean everywhere, below the threshold: there are no flakes."""
    for value in (0.2, 0.6):
        expected = min(1, kept * value + (1 - kept) * max(value, 1.5 * value + 0.5))
        close(snow(flat(round(255 * value)), severity, Still()) / 255, expected, 0.003)


@pytest.mark.parametrize("severity, mean, threshold", [(1, 0.1, 0.5), (2, 0.2, 0.5), (3, 0.55, 0.9), (5, 0.55, 0.85)])
def test_snow_falls_as_much_as_the_normal_law_says(severity, mean, threshold):
    """On black, where nothing is clipped: (1 - kept) / 2, and twice the mean of what is above the threshold.

    Enlarging interpolates between the drawn values, which makes extremes rarer, so that there is less snow."""
    drawn = mean + 0.3 * generator().standard_normal(100_000)
    flakes = 2 * np.where(drawn < threshold, 0, np.clip(drawn, 0, 1)).mean()
    kept = {1: 0.8, 2: 0.7, 3: 0.7, 5: 0.55}[severity]
    found = snow(flat(0, 144, 144), severity, generator()).mean() / 255 - (1 - kept) / 2
    assert 0.15 * flakes < found < flakes


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
    "severity, left, added", [(1, 1, 0.4), (2, 0.8, 0.6), (3, 0.7, 0.7), (4, 0.65, 0.7), (5, 0.6, 0.75)]
)
def test_frost_is_added_from_the_pictures(severity, left, added, tmp_path):
    for number, size in enumerate(((40, 90), (200, 100))):  # one is too low, and enlarged
        Image.new("RGB", size, (100, 50, 80)).save(tmp_path / f"frost{number}.png")
    (tmp_path / "list.txt").write_text("no picture")
    pictures = read_frost_pictures(tmp_path)
    expected = np.minimum(left * 60 + added * np.array((100, 50, 80)), 255)
    for seed in range(6):
        close(frost(flat(60), severity, generator(seed), pictures), expected + np.zeros((64, 32, 3)), 1)


def test_a_part_of_a_picture_is_taken_where_chance_has_it(tmp_path):
    rows, columns = np.mgrid[:128, :64]
    picture = np.stack([rows, columns, 0 * rows], -1).astype(np.uint8)
    corners = np.array([frost(flat(0), 1, generator(seed), [picture])[4, 4, :2] / 0.4 for seed in range(60)])
    # 1.1 times larger: corners from 0 to 141 - 64 rows and 71 - 32 columns, a pixel of which is 1 / 1.1 of one
    assert corners.min(0) == pytest.approx((3.6, 3.6), abs=8) and corners.max(0) == pytest.approx((73, 39), abs=8)


def test_drawn_frost_is_as_bright_as_photographs():
    layers = [drawn_frost((96, 48), generator(seed)) for seed in range(10)]
    assert np.mean(layers, (0, 1, 2)) == pytest.approx((0.52, 0.61, 0.65), abs=0.02)
    assert np.std(layers[0], (0, 1)) == pytest.approx((0.12, 0.12, 0.12), abs=0.02)
    assert not np.array_equal(layers[0], layers[1])


def test_frost_pictures_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(ValueError, match="nowhere is not a folder with"):
        read_frost_pictures(tmp_path / "nowhere")
    (tmp_path / "frost1.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="cannot read picture .*frost1.png"):
        read_frost_pictures(tmp_path)


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
    slants = {end[0] - start[0] for start, end, _ in lines}
    assert len(slants) == 1 and abs(slants.pop()) <= 10
    assert {end[1] - start[1] for start, end, _ in lines} == {length}
    assert all(0 <= x <= 64 and 0 <= y <= 64 for start, end, _ in lines for x, y in (start, end))
    assert {colour for *_, colour in lines} == {(200, 200, 200)}


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
