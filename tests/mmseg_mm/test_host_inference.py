"""mmsegmentation's own functions for a trained network take a pair."""

from copy import deepcopy

import cv2
import numpy as np
import pytest
from mmseg.apis import MMSegInferencer, inference_model, init_model

from fastreid_mm.common.errors import InputError
from mmseg_mm import RGBDPath
from mmseg_mm.inference import inference_rgbd
from tests.mmseg_mm.rgbd_files import panels


@pytest.fixture
def files(folder, tmp_path):
    """An image and its depth, which are not where one would be looked for beside the other."""
    for kind, name in (("RGB", "image.png"), ("depth", "far_away.png")):
        (tmp_path / name).write_bytes((folder / kind / "a.png").read_bytes())
    return tmp_path / "image.png", tmp_path / "far_away.png"


@pytest.fixture
def stacked(files):
    return np.dstack([cv2.imread(str(files[0])), cv2.imread(str(files[1]), cv2.IMREAD_GRAYSCALE)])


def probabilities(sample):
    return sample.seg_logits.data[0].numpy()


def test_inference_model(folder, model, files, stacked):
    expected = inference_rgbd(model, *files)
    host = init_model(str(folder / "config.py"), str(folder / "weights.pth"), device="cpu")
    for image in (RGBDPath(*files), stacked):  # The host's own function takes no paths after an array.
        assert np.allclose(probabilities(inference_model(host, image)), expected, atol=1e-5)
    one, other = inference_model(host, [stacked, stacked[:, ::-1].copy()])
    assert np.allclose(probabilities(one), expected, atol=1e-5)
    assert not np.allclose(probabilities(other), expected, atol=1e-5)
    with pytest.raises(InputError, match="no depth_path given for the image, .* nor has it a fourth channel"):
        inference_model(host, stacked[..., :3])


def test_the_inferencer(folder, model, files, stacked, tmp_path):
    expected = inference_rgbd(model, *files)
    inferencer = MMSegInferencer(str(folder / "config.py"), str(folder / "weights.pth"), device="cpu")
    pair = RGBDPath(*files)
    image, depth = stacked[..., :3], stacked[..., 3] / 255
    for given in (pair, stacked, {"img": image, "depth": depth}):
        found = inferencer(given, return_datasamples=True)
        assert np.allclose(probabilities(found), expected, atol=1e-5)
    far = inferencer({"img": image, "depth": 1 - depth, "depth_direction": "far_white"}, return_datasamples=True)
    assert np.allclose(probabilities(far), expected, atol=1e-5)
    inferencer([pair, stacked], batch_size=2, out_dir=str(tmp_path / "out"))
    drawn = [panels(cv2.imread(str(path)), 50) for path in (tmp_path / "out" / "vis").iterdir()]
    assert sorted(map(len, drawn)) == [2, 3]  # image and map; with depth where the array has it


def test_a_path_survives_a_copy(files):
    copied = deepcopy(RGBDPath(*files))
    assert copied == str(files[0]) and copied.depth_path == str(files[1])
