"""What exporting and the files of others are refused with, in one line."""

import json
import re
from dataclasses import asdict, fields

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save

from fastreid_mm.commands.export import main
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.onnx_external_data import require_own_data
from fastreid_mm.export import OnnxPredictor
from fastreid_mm.export.description import Description


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


OTHER_FILES = ("../secret.bin", "/etc/passwd", "beside.bin")


def adding(place, where):
    """A network whose tensor is in another file: of the graph, of a node, or of a branch."""
    tensor = numpy_helper.from_array(np.ones(1, np.float32), "w")
    if place:
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=place)
    x, y, v = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xyv")
    constant = helper.make_node("Constant", [], ["v"], value=tensor)
    if where == "graph":
        return helper.make_model(helper.make_graph([helper.make_node("Add", "xw", "y")], "g", [x], [y], [tensor]))
    if where == "node":
        return helper.make_model(helper.make_graph([constant, helper.make_node("Add", "xv", "y")], "g", [x], [y]))
    branch = helper.make_graph([constant], "b", [], [v])
    choice = helper.make_node("If", "c", "y", then_branch=branch, else_branch=branch)
    yes = helper.make_node("Constant", [], "c", value=numpy_helper.from_array(np.array(True)))
    return helper.make_model(helper.make_graph([yes, choice], "g", [x], [y]))


@pytest.mark.parametrize("where", ["graph", "node", "branch"])
def test_a_file_that_points_to_others_is_refused_before_they_are_read(tmp_path, where):
    path = tmp_path / "pointing.onnx"
    for place in OTHER_FILES:
        save(adding(place, where), path)
        with pytest.raises(InputError, match=rf"pointing.onnx keeps tensors in another file, '{re.escape(place)}'"):
            OnnxPredictor(path)
    save(adding(None, where), path)
    require_own_data(str(path))


DESCRIPTION = Description("AGW", "cosine", (8, 4), "bicubic", ("visible", "infrared"), False, False, 0, (), "0.1.0")


@pytest.mark.parametrize("field", [field.name for field in fields(Description)])
@pytest.mark.parametrize("value", ["__import__('os')", 10**9, None, [["a"]], {}, True])
def test_a_description_whose_fields_are_of_other_kinds_is_refused(field, value):
    if isinstance(value, str) and field in ("architecture", "version", "pixels"):
        return  # which are shown, and no more
    if (field, value) in (("aligned", True), ("flip", True), ("parts", 10**9)):
        return
    text = json.dumps(asdict(DESCRIPTION) | {field: value})
    with pytest.raises(InputError, match="a.onnx does not describe itself"):
        Description.from_json(text, "a.onnx")


def test_a_description_is_read_as_it_was_written_and_no_depth_is_too_much():
    assert Description.from_json(DESCRIPTION.to_json(), "a.onnx").architecture == "AGW"
    with pytest.raises(InputError, match="a.onnx does not describe itself"):
        Description.from_json("[" * 200_000, "a.onnx")
