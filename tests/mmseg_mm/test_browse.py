"""What is drawn is what the network gets."""

import cv2
import numpy as np
import pytest

from fastreid_mm.commands import saliency
from tests.mmseg_mm.rgbd_files import near_square, panels, write_set
from tests.mmseg_mm.small_model import small_config


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """The demo's, on three samples of 24 x 32, whose images go through as large as they are."""
    root = tmp_path_factory.mktemp("browsed")
    made = small_config()
    for part in ("train", "test"):
        made[f"{part}_dataloader"].dataset.data_root = str(write_set(root / "toy"))
        steps = made[f"{part}_dataloader"].dataset.pipeline
        next(step for step in steps if step["type"] == "Resize")["scale"] = (32, 24)
    made.dump(root / "config.py")
    return root / "config.py"


def browse(*arguments):
    saliency.browse([str(one) for one in arguments])


def test_test_samples_are_the_files(config, tmp_path):
    browse(config, tmp_path, "--part", "test", "--number", "2")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["toy_a.png", "toy_c.png"]
    drawn = cv2.imread(str(tmp_path / "toy_a.png"))
    depth, mask = near_square()
    image = cv2.imread(str(config.parent / "toy/RGB/a.jpg"))
    first, second, third = panels(drawn, 32)
    assert np.array_equal(first, image)
    assert np.abs(second[..., 0] - depth * (255 / depth.max())).max() <= 1
    assert np.array_equal(third[..., 1], mask)


def test_transforms_move_all_three_alike_and_follow_the_seed(config, tmp_path):
    for seed in (0, 1):
        for attempt in "ab":
            browse(config, tmp_path / f"{seed}{attempt}", "--seed", seed)
    one, again, other = (
        np.stack([cv2.imread(str(path)) for path in sorted((tmp_path / name).iterdir())]) for name in ("0a", "0b", "1a")
    )
    assert len(one) == 3 and np.array_equal(one, again) and not np.array_equal(one, other)
    near, mask = (
        np.stack([panels(drawn, 32)[part][..., 0] for drawn in one]) > level for part, level in ((1, 150), (2, 128))
    )
    assert (near == mask).mean() > 0.97  # The square is the nearest thing, and edges are interpolated.


@pytest.mark.parametrize("number", ["-1", "0"])
def test_there_is_a_sample_to_draw(config, tmp_path, capsys, number):
    with pytest.raises(SystemExit, match="2"):
        browse(config, tmp_path, "--number", number)
    assert f"--number must be at least 1, got {number}" in capsys.readouterr().err


def test_a_part_that_is_not_there_is_named(config, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        browse(config, tmp_path, "--cfg-options", "val_dataloader=None", "--part", "val")
    assert "has no val_dataloader" in capsys.readouterr().err
