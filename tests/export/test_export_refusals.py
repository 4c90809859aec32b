"""What exporting and the files of others are refused with, in one line."""

import re

import pytest
from onnx import TensorProto, helper, save

from fastreid_mm.commands.export import main
from fastreid_mm.errors import InputError
from fastreid_mm.export import OnnxPredictor


@pytest.mark.parametrize(
    ("output", "options", "message"),
    [
        ("model.pb", [], "model.pb ends in none of .onnx, .pt2"),
        ("nowhere/model.onnx", [], "no such folder: "),
        ("model.onnx", ["--weights", "missing.pth"], "checkpoint missing.pth does not exist"),
        ("model.onnx", ["INPUT.CROP.ENABLED", "True"], "INPUT: .* set INPUT.CROP.ENABLED False"),
        ("model.onnx", ["MODEL.META_ARCHITECTURE", "Baseline"], "Baseline is not an architecture of this package"),
    ],
)
def test_what_cannot_be_exported_is_refused_and_leaves_nothing(tiny_config, tmp_path, capsys, output, options, message):
    before = set(tmp_path.iterdir())
    config = tiny_config("SYSU/agw.yml")
    with pytest.raises(SystemExit, match="2"):
        main(["--config-file", config, "--output", str(tmp_path / output), *options])
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ") and re.search(message, error)
    assert set(tmp_path.iterdir()) - before == {tmp_path / "out.yml"}


def test_files_that_were_not_exported_here_are_refused(tmp_path):
    with pytest.raises(InputError, match="missing.onnx does not exist"):
        OnnxPredictor(tmp_path / "missing.onnx")
    (tmp_path / "broken.onnx").write_bytes(b"no network")
    with pytest.raises(InputError, match="broken.onnx cannot be run: "):
        OnnxPredictor(tmp_path / "broken.onnx")
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "other", value[:1], value[1:])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), tmp_path / "other.onnx")
    with pytest.raises(InputError, match="other.onnx does not describe itself"):
        OnnxPredictor(tmp_path / "other.onnx")
