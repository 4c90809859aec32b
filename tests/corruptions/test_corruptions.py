"""What all twenty have in common."""

import numpy as np
import pytest

from fastreid_mm.corruptions import CORRUPTIONS, SEVERITIES


def texture(height=48, width=24):
    random = np.random.default_rng(1)
    blocks = random.integers(30, 220, (height // 4, width // 4, 3)).repeat(4, 0).repeat(4, 1)
    return (blocks + random.integers(0, 20, (height, width, 3))).astype(np.uint8)


def test_there_are_twenty_in_the_benchmarks_order():
    assert len(CORRUPTIONS) == 20 and SEVERITIES == (1, 2, 3, 4, 5)
    assert list(CORRUPTIONS)[:4] == ["gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"]
    assert list(CORRUPTIONS)[-1] == "rain"


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_an_image_stays_an_image_and_its_original_as_it_was(name, severity):
    image, kept = texture(), texture()
    corrupted = CORRUPTIONS[name](image, severity, np.random.default_rng(0))
    assert corrupted.shape == image.shape and corrupted.dtype == np.uint8
    assert np.array_equal(image, kept) and not np.array_equal(corrupted, kept)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_chance_comes_from_the_generator_alone(name):
    runs = []
    for seed in (3, 3, 4):
        np.random.seed(seed + len(runs))  # whatever else is seeded
        runs.append(CORRUPTIONS[name](texture(), 3, np.random.default_rng(seed)))
    assert np.array_equal(runs[0], runs[1])
    nothing_drawn = {"defocus_blur", "zoom_blur", "gaussian_blur", "brightness", "saturate", "contrast", "pixelate"}
    assert np.array_equal(runs[0], runs[2]) == (name in nothing_drawn | {"jpeg_compression"})


OTHERS = {"saturate", "spatter", "frost", "fog", "rain", "snow", "glass_blur", "pixelate"}
"""They change in kind, pay for one number with another, or have boxes that happen to be those of the image."""
GROW = [name for name in CORRUPTIONS if name not in OTHERS]


@pytest.mark.parametrize("name", GROW)
def test_a_higher_severity_changes_more(name):
    image = texture(64, 32)

    def change(severity):
        found = [CORRUPTIONS[name](image, severity, np.random.default_rng(seed)) for seed in range(8)]
        return np.mean([np.abs(each.astype(float) - image).mean() for each in found])

    changes = [change(severity) for severity in SEVERITIES]
    assert all(low < high for low, high in zip(changes, changes[1:])), changes


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_wrong_images_and_severities_are_refused(name):
    draws = np.random.default_rng(0)
    for severity in (0, 6, 2.5):
        with pytest.raises(ValueError, match=f"severity must be 1 to 5, got {severity}"):
            CORRUPTIONS[name](texture(), severity, draws)
    with pytest.raises(ValueError, match=r"image must be \(H, W, 3\) of uint8, got \(48, 24\) of uint8"):
        CORRUPTIONS[name](texture()[..., 0], 1, draws)
    with pytest.raises(ValueError, match=r"got \(48, 24, 3\) of float64"):
        CORRUPTIONS[name](texture() / 255, 1, draws)
