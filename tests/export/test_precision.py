"""Exported files of fewer bits, of one operator set and of one size of batch, and the ranks beside PyTorch."""

import re

import numpy as np
import onnx
import pytest
import torch

from fastreid_mm.commands.export import main, parse_arguments
from fastreid_mm.common.onnx_precision import set_precision
from fastreid_mm.export import OnnxPredictor
from fastreid_mm.export.ranks import feature_cosines, rank_change
from tests.conftest import write_image


@pytest.fixture(scope="module")
def half(tmp_path_factory):
    """Folder with a file in float16 for batches of two, and what the command printed."""
    import contextlib
    import io

    from fastreid.modeling import build_model

    from fastreid_mm.settings.load import load_config
    from tests.conftest import write_tiny_config

    folder = tmp_path_factory.mktemp("half")
    config = write_tiny_config(folder / "agw.yml", "SYSU/agw.yml", folder / "out")
    torch.manual_seed(0)
    model = build_model(load_config(config, ["MODEL.HEADS.NUM_CLASSES", "5"]))
    torch.save({"model": model.state_dict(), "num_classes": 5}, folder / "agw.pth")
    for seed in range(5):
        write_image(folder / "visible" / f"{seed}.png", seed)
        write_image(folder / "infrared" / f"{seed}.png", seed + 50)
    given = ["--config-file", config, "--weights", str(folder / "agw.pth"), "--output", str(folder / "half.onnx")]
    form = ["--half", "--opset", "18", "--fixed-batch", "2"]
    shown = ["--images", str(folder / "visible"), "--queries", str(folder / "infrared")]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        main([*given, *form, *shown])
    return folder, printed.getvalue()


def test_half_precision_operator_set_and_batch_are_those_asked_for(half):
    folder, printed = half
    model = onnx.load(folder / "half.onnx")
    kinds = {tensor.data_type for tensor in model.graph.initializer if len(tensor.dims) > 1}
    assert kinds == {onnx.TensorProto.FLOAT16}
    assert [each.version for each in model.opset_import if not each.domain] == [18]
    assert [value.type.tensor_type.elem_type for value in model.graph.output] == [onnx.TensorProto.FLOAT]
    file = OnnxPredictor(folder / "half.onnx")
    assert file.description.precision == "float16" and file.session.get_inputs()[0].shape[0] == 2
    paths = [str(folder / "visible" / f"{seed}.png") for seed in range(3)]
    rows = file.features(paths, "visible")  # three images in batches of two
    assert np.array_equal(rows[2], file.features(paths[2:], "visible")[0])
    assert "5 queries in 5 images, beside PyTorch: the same first answer" in printed
    assert float(re.search(r"cosine of features ([\d.]+)", printed)[1]) > 0.999
    assert re.search(r"half.onnx: [\d.]+ MiB, float16, its outputs differ", printed.splitlines()[-1])


def test_weights_of_eight_bits_are_smaller_and_their_features_near(tmp_path):
    random = np.random.default_rng(0)
    weight = random.normal(size=(64, 64)).astype(np.float32)
    tensor = onnx.numpy_helper.from_array(weight, "w")
    x, y = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["batch", 64]) for name in "xy")
    graph = onnx.helper.make_graph([onnx.helper.make_node("MatMul", ["x", "w"], ["y"])], "g", [x], [y], [tensor])
    path = tmp_path / "a.onnx"
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=10), path)
    before = path.stat().st_size
    set_precision(path, "int8")
    assert path.stat().st_size < before / 2
    import onnxruntime

    features = random.normal(size=(3, 64)).astype(np.float32)
    (found,) = onnxruntime.InferenceSession(path).run(None, {"x": features})
    expected = features @ weight
    assert 0 < np.abs(found - expected).max() < 0.05 * np.abs(expected).max()


def test_rank_change_agrees_with_loops():
    random = torch.Generator().manual_seed(0)
    expected = torch.rand(6, 15, generator=random)
    found = expected + 0.1 * torch.rand(6, 15, generator=random)
    change = rank_change(expected, found)
    for matrices in ((expected, found), (expected, expected)):
        a, b = (matrix.numpy().argsort(1) for matrix in matrices)
        places = [[np.argsort(row).tolist() for row in each] for each in (a, b)]
        correlations = [np.corrcoef(one, two)[0, 1] for one, two in zip(*places)]
        change = rank_change(*matrices)
        assert change.first == np.mean(a[:, 0] == b[:, 0])
        assert change.ten == pytest.approx(np.mean([len({*x[:10]} & {*y[:10]}) / 10 for x, y in zip(a, b)]))
        assert change.correlation == pytest.approx(np.mean(correlations))
    square = torch.rand(8, 8, generator=random).fill_diagonal_(torch.inf)
    assert rank_change(square, square) == (1, 1, 1)
    assert feature_cosines(expected, 2 * expected) == pytest.approx((1, 1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["a.onnx", "--half", "--int8"], "not allowed with"),
        (["a.onnx", "--opset", "12"], "12 is no operator set of 18 or newer"),
        (["a.pt2", "--half"], "a.pt2: only .onnx has a precision"),
        (["a.onnx", "--queries", "x"], "--queries: give --images"),
        (["a.pt2", "--images", "x"], "--images: ranks are compared for .onnx alone"),
        (["a.onnx", "--fixed-batch", "-1"], "--fixed-batch -1 is negative"),
    ],
)
def test_options_that_do_not_go_together_are_refused(tiny_config, capsys, options, message):
    with pytest.raises(SystemExit, match="2"):
        main(["--config-file", tiny_config("SYSU/agw.yml"), "--output", *options])
    assert message in capsys.readouterr().err


def test_float32_is_the_default():
    assert parse_arguments(["--output", "a.onnx"]).precision == "float32"
