"""An exported network predicts as mmsegmentation does, without it and without PyTorch."""

import subprocess
import sys

import cv2
import numpy as np
import onnx
import pytest
import torch

from fastreid_mm.commands import saliency
from fastreid_mm.common.errors import InputError
from fastreid_mm.export import OnnxPredictor, OnnxSaliencyPredictor
from fastreid_mm.saliency.onnx_description import SaliencyDescription
from mmseg_mm import SaliencyPredictor, init_rgbd_model
from tests.mmseg_mm.small_model import build_model, small_config
from tests.mmseg_mm.test_export import LEVEL


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Pairs of two sizes whose depth has 16 bits, dark where it is near; a trained network, and its export."""
    root, random = tmp_path_factory.mktemp("onnx"), np.random.default_rng(0)
    for name, size in (("a", (40, 50)), ("b", (64, 30)), ("c", (40, 50))):
        for kind, top, shape in (("RGB", 256, (*size, 3)), ("depth", 65536, size)):
            (root / kind).mkdir(exist_ok=True)
            values = random.integers(0, top, shape, np.uint8 if top == 256 else np.uint16)
            cv2.imwrite(str(root / kind / f"{name}.png"), values)
    config = small_config()
    config.merge_from_dict(LEVEL)
    config.test_dataloader.dataset.pipeline[1].update(direction="far_white", scaling=(1000, 60000))
    config.dump(root / "config.py")
    torch.save(build_model(config).state_dict(), root / "weights.pth")
    saliency.export([str(root / name) for name in ("config.py", "weights.pth", "network.onnx")])
    return root


def pairs(root):
    return [tuple(str(root / kind / f"{name}.png") for kind in ("RGB", "depth")) for name in "abc"]


def test_maps_are_those_of_the_predictor(root):
    found, expected = (
        OnnxSaliencyPredictor(root / "network.onnx"),
        SaliencyPredictor(init_rgbd_model(root / "config.py", root / "weights.pth")),
    )
    image, depth = cv2.imread(pairs(root)[0][0]), np.linspace(0, 1, 2000, dtype=np.float32).reshape(40, 50)
    given = [*pairs(root), (image, depth), (pairs(root)[1][0], None)]
    maps = found(given)
    assert found.modality == "depth" and [one.shape for one in maps[:2]] == [(40, 50), (64, 30)]
    for one, other in zip(maps, expected(given)):
        assert one.dtype == np.float32 and np.abs(one - other).max() < 1e-4
    assert np.ptp(maps[0]) > 0.1


def test_the_command_loads_neither_pytorch_nor_mmsegmentation(root, tmp_path):
    words = [str(root / "RGB"), str(root / "depth"), str(tmp_path / "maps"), "--onnx", str(root / "network.onnx")]
    code = (
        f"import sys; from fastreid_mm.commands import saliency; saliency.predict({[*words, '--side-by-side']!r}); "
        "print({'torch', 'mmseg', 'mmengine', 'mmcv'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "set()"
    written = cv2.imread(str(tmp_path / "maps" / "b.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(written, np.rint(OnnxSaliencyPredictor(root / "network.onnx")(pairs(root)[1])[0] * 255))


def test_thermal_images_are_loaded_as_the_file_says():
    description = SaliencyDescription("thermal", {"value_range": (0, 500), "percentiles": (0, 100)}, "1")
    loader = SaliencyDescription.from_json(description.to_json(), "m.onnx").loader()
    values = np.array([[0, 250], [500, 900]], np.uint16)
    assert loader.transform({"thermal": values})["thermal"][..., 0].tolist() == [[0, 128], [255, 255]]


@pytest.mark.parametrize(
    "text", [None, "[]", '{"modality": "sound", "loading": {}, "version": "1"}', '{"modality": 3}']
)
def test_a_file_that_is_no_saliency_network_is_refused(text):
    with pytest.raises(InputError, match=r"m\.onnx does not describe itself"):
        SaliencyDescription.from_json(text, "m.onnx")


def test_each_predictor_refuses_the_other_s_file(root):
    with pytest.raises(InputError, match="does not describe itself"):
        OnnxPredictor(root / "network.onnx")
    with pytest.raises(InputError, match=r"none\.onnx does not exist"):
        OnnxSaliencyPredictor("none.onnx")


def test_files_of_fixed_sizes_take_what_they_can(root, tmp_path):
    file = onnx.load(root / "network.onnx")
    for one in file.graph.input:
        for axis, size in ((0, 2), (2, 40), (3, 50)):
            one.type.tensor_type.shape.dim[axis].dim_value = size
    onnx.save(file, tmp_path / "fixed.onnx")
    fixed = OnnxSaliencyPredictor(tmp_path / "fixed.onnx")
    given = [pairs(root)[0], pairs(root)[2], pairs(root)[0]]
    for one, other in zip(fixed(given), OnnxSaliencyPredictor(root / "network.onnx")(given)):
        assert np.allclose(one, other, atol=1e-5)
    with pytest.raises(InputError, match=r"b\.png is 30 x 64, and .*fixed\.onnx takes images of 50 x 40 alone"):
        fixed(pairs(root)[1])


def test_half_precision_and_a_fixed_batch_are_nearly_the_same(root, tmp_path):
    path = tmp_path / "half.onnx"
    files = [str(root / name) for name in ("config.py", "weights.pth")]
    saliency.export([*files, str(path), "--half", "--opset", "18", "--fixed-batch", "2"])
    half, whole = OnnxSaliencyPredictor(path), OnnxSaliencyPredictor(root / "network.onnx")
    assert half.description.precision == "float16" and onnx.load(path).opset_import[0].version == 18
    assert path.stat().st_size < 0.6 * (root / "network.onnx").stat().st_size
    for one, other in zip(half(pairs(root)), whole(pairs(root))):
        assert 0 < np.abs(one - other).max() < 1e-2


@pytest.mark.parametrize(("words", "said"), [(["--tta"], "--tta"), (["--checkpoint", "m.pth"], "--checkpoint")])
def test_what_has_no_effect_is_refused(root, tmp_path, capsys, words, said):
    with pytest.raises(SystemExit, match="2"):
        saliency.predict([str(root / "RGB"), str(root / "depth"), str(tmp_path), "--onnx", "m.onnx", *words])
    assert f"{said} has no effect with --onnx: leave it out" in capsys.readouterr().err
