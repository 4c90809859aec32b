"""A network with thermal images in the place of depth."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config

from fastreid_mm.common.errors import InputError
from mmseg_mm.models import RGBTDataPreProcessor
from mmseg_mm.predictor import SaliencyPredictor
from tests.mmseg_mm.small_model import CONFIGS, HEAD, build_model

RANDOM = np.random.default_rng(0)
IMAGE = RANDOM.integers(0, 256, (40, 50, 3), np.uint8)


@pytest.fixture(scope="module")
def thermal():
    """An untrained network of the RGB-T demo."""
    config = Config.fromfile(CONFIGS / "mutualformer_rgbt_demo.py")
    config.merge_from_dict({"model.decode_head": HEAD})
    model = build_model(config).eval()
    model.cfg = config
    return model


def test_statistics_are_of_each_modality():
    statistics = {"mean": (10, 20, 30), "std": (1, 2, 4), "thermal_mean": (50, 60, 70), "thermal_std": (5, 6, 7)}
    inputs = torch.rand(6, 4, 5) * 255  # blue, green, red of the image, then of the thermal image
    found = RGBTDataPreProcessor(**statistics)({"inputs": [inputs], "data_samples": []})["inputs"][0]
    order = [2, 1, 0, 5, 4, 3]
    mean, std = (torch.tensor([*statistics[key], *statistics[f"thermal_{key}"]]) for key in ("mean", "std"))
    torch.testing.assert_close(found, (inputs[order] - mean.view(-1, 1, 1)) / std.view(-1, 1, 1))
    with pytest.raises(InputError, match="6 channels are needed: is StackThermal in the pipeline"):
        RGBTDataPreProcessor()({"inputs": [inputs[:4]], "data_samples": []})


def test_grey_thermal_images_are_as_depth_of_the_same_values(thermal, model):
    """Weights and input size are the same, so that only the way of the second modality differs."""
    grey = RANDOM.integers(0, 256, (40, 50), np.uint8)
    model.load_state_dict(thermal.state_dict())
    (as_depth,) = SaliencyPredictor(model)([(IMAGE, (grey / 255).astype(np.float32))])
    found = SaliencyPredictor(thermal)([(IMAGE, grey), (IMAGE, np.dstack([grey] * 3))])
    assert all(np.allclose(one, as_depth, atol=1e-5) for one in found) and np.ptp(as_depth) > 0.01


def test_colours_and_ranges_reach_the_network(thermal):
    colours = RANDOM.integers(0, 256, (40, 50, 3), np.uint8)
    one, other = SaliencyPredictor(thermal)([(IMAGE, colours), (IMAGE, colours[..., ::-1].copy())])
    assert not np.allclose(one, other, atol=1e-4)
    kelvin = np.linspace(28_815, 30_855, 2000).reshape(40, 50).astype(np.float32)
    grey = np.rint((kelvin - 28_815) / 2040 * 255).astype(np.uint8)
    fixed = SaliencyPredictor(thermal, thermal_range=(28_815, 30_855))
    assert np.allclose(fixed([(IMAGE, kelvin)])[0], fixed([(IMAGE, grey)])[0], atol=1e-6)
    assert SaliencyPredictor(thermal).modality == "thermal"


def test_a_checkpoint_of_depth_is_not_taken_for_one_of_thermal_images(thermal, model):
    from mmseg_mm.engine.checkpoint_match import check_settings, unseen_settings

    with pytest.raises(InputError, match=r"trained with modalities=\['image', 'depth'\], but the config has"):
        check_settings(unseen_settings(thermal.cfg.model), unseen_settings(model.cfg.model), "x.pth")


def test_it_exports_with_its_own_inputs(thermal, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    from mmseg_mm.export import export_onnx

    assert export_onnx(thermal, tmp_path / "m.onnx") < 1e-4
    second = RANDOM.integers(0, 256, (40, 50, 3), np.uint8)
    given = {
        name: one[..., ::-1].transpose(2, 0, 1)[None].astype(np.float32)
        for name, one in (("image", IMAGE), ("thermal", second))
    }
    (found,) = onnxruntime.InferenceSession(str(tmp_path / "m.onnx")).run(["saliency"], given)
    assert np.abs(found[0, 0] - SaliencyPredictor(thermal)([(IMAGE, second)])[0]).max() < 1e-4


def test_thermal_images_are_drawn_in_their_colours(thermal):
    from fastreid_mm.saliency.side_by_side import GAP, LABEL
    from mmseg_mm.browse import picture
    from mmseg_mm.engine.visualization import SaliencyVisualizer, _second

    stacked = RANDOM.integers(0, 256, (6, 8, 9)).astype(np.float32)  # blue, green, red of both
    drawn = picture({"inputs": torch.from_numpy(stacked), "data_samples": {}})
    assert np.array_equal(drawn[LABEL:, :9], stacked[:3].transpose(1, 2, 0))
    assert np.array_equal(drawn[LABEL:, 9 + GAP :], stacked[3:].transpose(1, 2, 0))
    seen = _second(torch.from_numpy(stacked), SimpleNamespace(get=lambda key: None), (8, 9))
    assert np.array_equal(seen, stacked[3:][::-1].transpose(1, 2, 0))
    visualizer = SaliencyVisualizer()
    visualizer.add_datasample("x", np.dstack([stacked[:3].transpose(1, 2, 0), seen]))
    assert np.array_equal(visualizer.get_image()[LABEL:, 9 + GAP :], seen)
