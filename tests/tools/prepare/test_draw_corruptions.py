"""The picture of all corruptions."""

import numpy as np
import pytest
from PIL import Image

import draw_corruptions
from fastreid_mm.corruptions import brightness


def test_every_corruption_has_its_name_and_five_severities(tmp_path):
    draw_corruptions.main([str(tmp_path / "sheet.png")])
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    width, height = draw_corruptions.SHOWN
    assert sheet.shape == (5 * (height + draw_corruptions.TITLE), 4 * (5 * width + 12) - 12, 3)
    # brightness is the third in the third column of five
    left, top = 2 * (5 * width + 12) + 4 * width, 2 * (height + 14) + 14
    person = draw_corruptions.photograph(0)
    brightest = Image.fromarray(brightness(np.asarray(person), 5, np.random.default_rng(0))).resize((width, height))
    assert np.array_equal(sheet[top : top + height, left : left + width], np.asarray(brightest))


def test_a_seed_below_zero_is_refused_in_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        draw_corruptions.main([str(tmp_path / "sheet.png"), "--seed", "-1"])
    assert capsys.readouterr().err.startswith("error: the seed must not be negative")
