"""The network as ONNX computes what the predictor does."""

from copy import deepcopy

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from fastreid_mm.commands import saliency
from fastreid_mm.common.errors import InputError
from mmseg_mm.export import SaliencyGraph, export_onnx, unexplained
from mmseg_mm.predictor import SaliencyPredictor
from mmseg_mm.trained_model import init_rgbd_model
from tests.mmseg_mm.small_model import CONFIGS, build_model, small_config

LEVEL = {
    "model.backbone": {"num_stages": 1, "out_indices": (0,), "strides": (1,), "dilations": (1,)},
    "model.decode_head": {
        "in_channels": (16,),
        "patch_strides": (2,),
        "feature_strides": (4,),
        "fusion": {"depth": 1},
    },
}
"""One level of the network, since tracing takes a time that grows with it. The command compares any that it writes."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A config and a checkpoint."""
    root = tmp_path_factory.mktemp("exported")
    config = small_config()
    config.merge_from_dict(LEVEL)
    config.dump(root / "config.py")
    torch.save(build_model(config).state_dict(), root / "weights.pth")
    return root / "config.py", root / "weights.pth"


@pytest.fixture(scope="module")
def exported(files):
    path = files[0].with_name("network.onnx")
    saliency.export([str(one) for one in (*files, path)])
    return path


@pytest.fixture(scope="module")
def model(files):
    return init_rgbd_model(*files)


def pairs(count, size):
    random = np.random.default_rng(count)
    return [
        (random.integers(0, 256, (*size, 3), np.uint8), random.random(size).astype(np.float32)) for _ in range(count)
    ]


@pytest.mark.parametrize(("batch", "size"), [(1, (40, 50)), (3, (40, 50)), (2, (130, 97))])
def test_a_batch_of_any_size_has_the_predictors_maps(exported, model, batch, size):
    given = pairs(batch, size)
    images = np.stack([image[..., ::-1].transpose(2, 0, 1) for image, _ in given]).astype(np.float32)
    depths = np.stack([depth[None] for _, depth in given])
    session = onnxruntime.InferenceSession(str(exported))
    (found,) = session.run(["saliency"], {"image": images, "depth": depths})
    assert found.shape == (batch, 1, *size) and found.dtype == np.float32
    expected = np.stack(SaliencyPredictor(model)(given))[:, None]
    assert np.abs(found - expected).max() < 1e-4 and np.ptp(found) > 0.1


def test_the_file_says_what_goes_in_and_comes_out(exported, model):
    file = onnx.load(exported)
    assert {one.key: one.value for one in file.metadata_props}.items() >= SaliencyGraph(model).descriptions.items()
    axes = [[axis.dim_param or axis.dim_value for axis in one.type.tensor_type.shape.dim] for one in file.graph.input]
    assert axes == [["batch", 3, "height", "width"], ["batch", 1, "height", "width"]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda model: model.cfg.test_dataloader.dataset.pipeline[-3].update(keep_ratio=True), "keep_ratio=False"),
        (lambda model: model.test_cfg.update(mode="slide"), "test_cfg.mode='whole', the config has 'slide'"),
    ],
)
def test_what_has_no_fixed_size_is_refused(model, change, message):
    other = deepcopy(model)
    change(other)
    with pytest.raises(InputError, match=message):
        SaliencyGraph(other)


def test_a_folder_that_is_not_there_is_named_before_anything_is_computed(files, capsys):
    with pytest.raises(SystemExit, match="2"):
        saliency.export([str(one) for one in (*files, files[0].parent / "no" / "m.onnx")])
    assert "no such folder for" in capsys.readouterr().err


def test_a_file_that_computes_something_else_does_not_appear(model, tmp_path, monkeypatch):
    monkeypatch.setattr("mmseg_mm.export._write", lambda graph, path, *form: path.write_text("wrong"))
    monkeypatch.setattr("mmseg_mm.export._difference", lambda graph, path, pair: float(path.read_text() == "wrong"))
    (tmp_path / "m.onnx").write_text("before")
    with pytest.raises(InputError, match=r"m\.onnx would differ from the network by 1\.0e\+00, more than 0\.0001"):
        export_onnx(model, tmp_path / "m.onnx")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]


def test_the_graph_is_the_predictor(model):
    """The same without ONNX, at a size at which nothing is resized."""
    ((image, depth),) = pairs(1, (96, 96))
    tensors = (
        torch.from_numpy(image[..., ::-1].transpose(2, 0, 1).copy()).float()[None],
        torch.from_numpy(depth)[None, None],
    )
    with torch.no_grad():
        found = SaliencyGraph(model)(*tensors)[0, 0].numpy()
    assert np.allclose(found, SaliencyPredictor(model)([(image, depth)])[0], atol=1e-5)


def test_what_rounding_explains_grows_with_the_largest_logit():
    for logits, moved, expected in (
        ([0, 10], 5e-5, 0),
        ([-10, 5e6], 20, 0),
        ([0, 10], 0.1, 0.025),
        ([-99, 5e6], 1e5, 1),
    ):
        before = torch.tensor(logits, dtype=torch.float32).reshape(1, 1, 1, 2)
        after = before + torch.tensor([moved, 0.0])
        assert unexplained(after.sigmoid(), before) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("name", "said"), [("image.png", "does not end in .onnx"), ("taken.onnx", "is a folder")])
def test_a_file_that_is_no_network_s_is_not_written_over(tmp_path, capsys, name, said):
    (tmp_path / "taken.onnx").mkdir()
    (tmp_path / "image.png").write_bytes(b"mine")
    (tmp_path / "unread.pth").touch()
    with pytest.raises(SystemExit, match="2"):
        saliency.export([str(CONFIGS / "mutualformer_demo.py"), str(tmp_path / "unread.pth"), str(tmp_path / name)])
    assert said in capsys.readouterr().err and (tmp_path / "image.png").read_bytes() == b"mine"
