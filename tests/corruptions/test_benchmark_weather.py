"""Snow, frost, fog, rain and spatter against the benchmark's code, step by step, from the same draws."""

import cv2
import numpy as np
import pytest

from fastreid_mm.corruptions import fog, frost, rain, snow, spatter
from tests.corruptions.naive import blurred, close, draws, every_severity, person, streaked, whole, zoomed


@every_severity
def test_snow(severity):
    mean, deviation, factor, threshold, radius, sigma, kept = (
        (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
        (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
        (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
        (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
        (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
    )[severity - 1]
    random = draws()
    layer = zoomed(mean + deviation * random.standard_normal((57, 31)), factor)
    layer[layer < threshold] = 0
    layer = streaked(np.clip(layer, 0, 1), radius, sigma, random.uniform(-135, -45))[:57, :31]
    layer = np.round(layer * 255) / 255
    values = person() / np.float32(255)
    grey = values @ np.array((0.299, 0.587, 0.114), np.float32)
    white = np.maximum(values, 1.5 * grey[..., None] + 0.5)
    expected = kept * values + (1 - kept) * white + layer[..., None] + np.rot90(layer, 2)[..., None]
    close(snow(person(), severity, draws()), whole(expected), share=0.02)


@every_severity
def test_frost_takes_its_part_and_is_cut_off(severity):
    left, added = ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75))[severity - 1]
    pictures, random = [person(90, 50), person(40, 90)], draws()
    picture = pictures[random.integers(2)]
    larger = 1.1 * max(1, 57 / picture.shape[0], 31 / picture.shape[1])
    size = int(np.ceil(picture.shape[1] * larger)), int(np.ceil(picture.shape[0] * larger))
    picture = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
    row, column = random.integers(picture.shape[0] - 57), random.integers(picture.shape[1] - 31)
    part = picture[row : row + 57, column : column + 31]
    expected = np.uint8(np.clip(left * person() + added * part, 0, 255))
    assert np.array_equal(frost(person(), severity, draws(), pictures), expected)


def clouds(size, decay, random):
    """The diamond-square method on a torus, point by point; w * uniform(-w, w) is added at each."""
    field, wibble, step = np.zeros((size, size)), 100.0, size
    while step >= 2:
        half, places = step // 2, range(0, size, step)
        across = (-half, -half), (-half, half), (half, -half), (half, half)
        upright = (0, -half), (0, half), (-half, 0), (half, 0)
        for rows, columns, around in ((half, half, across), (0, half, upright), (half, 0, upright)):
            drawn = random.uniform(-wibble, wibble, (size // step, size // step))
            for i, row in enumerate(place + rows for place in places):
                for j, column in enumerate(place + columns for place in places):
                    near = [field[(row + down) % size, (column + right) % size] for down, right in around]
                    field[row, column] = sum(near) / 4 + wibble * drawn[i, j]
        step, wibble = half, wibble / decay
    field -= field.min()
    return field / field.max()


@every_severity
def test_fog(severity):
    thickness, decay = ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4))[severity - 1]
    values = person() / 255
    largest = values.max()
    foggy = values + thickness * clouds(64, decay, draws())[:57, :31, None]
    close(fog(person(), severity, draws()), whole(foggy * largest / (largest + thickness)))


@every_severity
def test_rain(severity):
    """Drops to the right by 10 whatever is drawn, a mean of boxes, lightness in bytes, and a table of darker bytes."""
    pixels, length = ((770, 10), (600, 30), (600, 30), (500, 60), (500, 60))[severity - 1]
    tall, random = person(120, 50), draws()
    slant = int(random.uniform(-10, 10))
    wet = tall.copy()
    for _ in range(120 * 50 // pixels):
        x = int(random.integers(min(0, slant), 50 - max(0, slant), endpoint=True))
        y = int(random.integers(0, 120 - length, endpoint=True))
        cv2.line(wet, (x, y), (x + 10, y + length), (200, 200, 200), 1)
    wet = cv2.blur(wet, (2 + severity, 2 + severity))
    wet = cv2.cvtColor(cv2.cvtColor(wet, cv2.COLOR_RGB2HLS), cv2.COLOR_HLS2RGB)
    darker = np.clip(np.arange(256) - (0.05 + 0.05 * severity) * 255 + 1e-9, 0, 255).astype(np.uint8)
    assert np.array_equal(rain(tall, severity, draws()), darker[wet])


@pytest.mark.parametrize("severity", [4, 5])
def test_mud(severity):
    mean, deviation = ((0.65, 0.3), (0.67, 0.4))[severity - 4]
    liquid = blurred(mean + deviation * draws().standard_normal((57, 31)), 1)
    cover = blurred((liquid > 0.65).astype(np.float32), 1.5)
    cover[cover < 0.8] = 0
    values = person() / np.float32(255)
    expected = values * (1 - cover[..., None]) + np.array((63, 42, 20)) / 255 * cover[..., None]
    close(spatter(person(), severity, draws()), whole(expected))


@pytest.mark.parametrize("severity", [1, 2, 3])
def test_water(severity):
    mean, deviation, sigma, threshold, light = (
        (0.65, 0.3, 4, 0.69, 0.6),
        (0.65, 0.3, 3, 0.68, 0.6),
        (0.65, 0.3, 2, 0.68, 0.5),
    )[severity - 1]
    liquid = blurred(mean + deviation * draws().standard_normal((160, 160)), sigma)
    drops = np.uint8(255 * np.where(liquid < threshold, 0, liquid))
    distance = np.minimum(cv2.distanceTransform(255 - cv2.Canny(drops, 50, 150), cv2.DIST_L2, 5), 20)
    depth = cv2.equalizeHist(np.uint8(cv2.blur(distance, (3, 3))))
    relief = cv2.blur(cv2.filter2D(depth, cv2.CV_8U, np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])), (3, 3))
    shine = drops * relief.astype(np.float32)
    dry = np.full((160, 160, 3), 40, np.uint8)
    colour = np.array((175, 238, 238), np.float32) / 255
    close(spatter(dry, severity, draws()), whole(dry / 255 + light * (shine / shine.max())[..., None] * colour))
