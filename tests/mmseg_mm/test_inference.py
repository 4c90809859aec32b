import importlib.util
import sys
from copy import deepcopy
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from fastreid_mm.common.errors import InputError
from fastreid_mm.saliency.side_by_side import GAP, LABEL, side_by_side
from mmseg_mm.inference import inference_rgbd
from mmseg_mm.trained_model import init_rgbd_model

TOOL = Path(__file__).parent.parent.parent / "tools" / "predict_saliency.py"


def test_probabilities_at_the_original_size(folder, model):
    saliency = inference_rgbd(model, folder / "RGB" / "a.png", folder / "depth" / "a.png")
    assert saliency.shape == (40, 50) and saliency.dtype == np.float32
    assert 0 < saliency.min() < saliency.max() < 1


def test_arrays_are_like_files(folder, model):
    paths = folder / "RGB" / "a.png", folder / "depth" / "a.png"
    expected = inference_rgbd(model, *paths)
    depth = cv2.imread(str(paths[1]), cv2.IMREAD_UNCHANGED) / 255
    assert np.allclose(inference_rgbd(model, cv2.imread(str(paths[0])), depth), expected, atol=1e-5)
    assert np.allclose(inference_rgbd(model, paths[0], depth), expected, atol=1e-5)
    inverted = inference_rgbd(model, paths[0], 1 - depth)
    assert not np.allclose(inverted, expected, atol=1e-5)
    assert np.allclose(inference_rgbd(model, *paths, depth_direction="far_white"), inverted, atol=1e-5)
    assert np.allclose(inference_rgbd(model, paths[0], depth, depth_direction="far_white"), inverted, atol=1e-5)
    assert np.allclose(inference_rgbd(model, paths[0], depth, depth_direction="near_white"), expected, atol=1e-5)


def test_a_model_in_bfloat16(folder, model):
    paths = folder / "RGB" / "a.png", folder / "depth" / "a.png"
    rounded = inference_rgbd(deepcopy(model).bfloat16(), *paths)
    assert rounded.dtype == np.float32 and np.allclose(rounded, inference_rgbd(model, *paths), atol=0.03)


def test_what_cannot_be_used_is_named(folder, model):
    image, depth = np.zeros((40, 50, 3), np.uint8), np.zeros((40, 50))
    with pytest.raises(InputError, match="nowhere.png"):
        inference_rgbd(model, folder / "nowhere.png", depth)
    (folder / "cut.png").write_bytes((folder / "RGB" / "a.png").read_bytes()[:3000])
    with pytest.raises(InputError, match="cut.png is not an image that can be read"):
        inference_rgbd(model, folder / "cut.png", depth)
    with pytest.raises(InputError, match=r"\(40, 50\)"):
        inference_rgbd(model, image[..., 0], depth)
    with pytest.raises(InputError, match="depth_direction 'up' is not one of near_white"):
        inference_rgbd(model, image, depth, depth_direction="up")
    with pytest.raises(InputError, match="uint8 from 0 to 0"):
        inference_rgbd(model, image, image[..., 0])
    with pytest.raises(InputError, match="depth is 50 x 20, its image is 50 x 40"):
        inference_rgbd(model, image, depth[:20])
    with pytest.raises(InputError, match="config nowhere.py does not exist"):
        init_rgbd_model("nowhere.py", folder / "weights.pth")
    with pytest.raises(InputError, match="nowhere.pth does not exist"):
        init_rgbd_model(folder / "config.py", "nowhere.pth")
    torch.save({}, folder / "empty.pth")
    with pytest.raises(InputError, match="empty.pth is of another model: it has none of its tensors"):
        init_rgbd_model(folder / "config.py", folder / "empty.pth")


def run_tool(monkeypatch, folder, *arguments):
    spec = importlib.util.spec_from_file_location("predict_saliency", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(
        sys,
        "argv",
        [
            "predict_saliency.py",
            *map(str, arguments),
            "--config",
            str(folder / "config.py"),
            "--checkpoint",
            str(folder / "weights.pth"),
        ],
    )
    module.main()


def test_the_tool_on_folders(monkeypatch, folder, model, tmp_path):
    run_tool(monkeypatch, folder, folder / "RGB", folder / "depth", tmp_path / "maps", "--side-by-side")
    assert sorted(path.name for path in (tmp_path / "maps").glob("*.png")) == ["a.png", "b.png"]
    written = cv2.imread(str(tmp_path / "maps" / "a.png"), cv2.IMREAD_UNCHANGED)
    expected = inference_rgbd(model, folder / "RGB" / "a.png", folder / "depth" / "a.png")
    assert written.dtype == np.uint8 and np.array_equal(written, np.rint(expected * 255))
    assert cv2.imread(str(tmp_path / "maps" / "side_by_side" / "b.png")).shape == (40 + LABEL, 150 + 2 * GAP, 3)


def test_the_tool_on_a_pair(monkeypatch, folder, tmp_path, capsys):
    pair = folder / "RGB" / "a.png", folder / "depth" / "a.png"
    run_tool(monkeypatch, folder, *pair, tmp_path / "map.png", "--side-by-side")
    assert (tmp_path / "map.png").is_file() and (tmp_path / "map_side_by_side.png").is_file()
    with pytest.raises(SystemExit):
        run_tool(monkeypatch, folder, folder / "RGB", pair[1], tmp_path / "maps")
    assert "must be two files or two folders" in capsys.readouterr().err


def test_a_picture_to_look_at():
    image, depth = np.full((4, 6, 3), 7, np.uint8), np.linspace(0.2, 0.3, 24).reshape(4, 6)
    saliency = np.full((4, 6), 9, np.uint8)
    label, first, second, third, fourth = slice(LABEL), *(slice(n * (6 + GAP), n * (6 + GAP) + 6) for n in range(4))
    picture = side_by_side(image, depth, saliency)
    below = picture[LABEL:]
    assert (below[:, first] == 7).all() and (below[:, third] == 9).all() and (below[:, 6 : 6 + GAP] == 255).all()
    assert below[:, second].min() == below[0, second][0, 0] == 0 and below[-1, second][-1, 0] == 255
    with_mask = side_by_side(image, depth, saliency, mask=np.full((4, 6), 5, np.uint8))
    assert (with_mask[LABEL:, third] == 5).all() and (with_mask[LABEL:, fourth] == 9).all()
    wide = side_by_side(np.full((4, 90, 3), 7, np.uint8))
    assert wide.shape == (4 + LABEL, 90, 3) and wide[label].min() < 100  # its name
