"""Starts of the commands: arguments and paths are refused before PyTorch or a host is imported."""

import argparse
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from fastreid.engine import default_argument_parser

from fastreid_mm.commands import saliency_arguments, train_arguments
from fastreid_mm.commands.evaluate_features import ARRAYS, MODES
from fastreid_mm.common.mmseg_scripts import scripts_folder
from fastreid_mm.evaluation.labelled_features import NEEDED
from fastreid_mm.evaluation.sysu_mm01 import GALLERY_CAMERAS
from fastreid_mm.saliency.load_depth import DIRECTIONS
from mmseg_mm.browse import PARTS

PROJECT = Path(__file__).parents[2]
HEAVY = ["torch", "fastreid", "mmengine", "mmseg", "mmcv", "timm"]
PLACES = re.findall(r'"(\w+):(\w+)",$', (PROJECT / "setup.py").read_text(), re.MULTILINE)
TOOLS = sorted(path.stem for path in (PROJECT / "tools").glob("*.py"))

RUN = """
import importlib, runpy, sys
for module, function, *words in {starts}:
    sys.argv = [module, *words]
    try:
        if function:
            getattr(importlib.import_module(module), function)()
        else:
            runpy.run_path(module, run_name="__main__")
        status = 0
    except SystemExit as end:
        status = end.code or 0
    print("status", module, function, status, sorted(set({heavy}) & set(sys.modules)))
"""


def run(*starts):
    """Run commands in one new interpreter, and return the status and heavy modules of each, and the errors."""
    code = RUN.format(starts=[list(map(str, start)) for start in starts], heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = [line.split(" ", 3)[3] for line in done.stdout.splitlines() if line.startswith("status ")]
    return lines, done.stderr.splitlines()


def test_help_of_every_command_and_tool_imports_nothing_heavy():
    assert len(PLACES) > 10 < len(TOOLS)
    commands = [(f"fastreid_mm.commands.{module}", function, "--help") for module, function in PLACES]
    tools = [(PROJECT / "tools" / f"{name}.py", "", "--help") for name in TOOLS]
    lines, errors = run(*commands, *tools)
    assert lines == ["0 []"] * len([*commands, *tools]) and not errors


def used_folder(place):
    """Make a config on a base with an ``OUTPUT_DIR`` that has a training in it."""
    (place / "out").mkdir()
    (place / "out" / "last_checkpoint").write_text("model_0001.pth")
    (place / "base.yml").write_text(f"OUTPUT_DIR: {place / 'out'}\n")
    (place / "config.yml").write_text("_BASE_: base.yml\nSEED: 1\n")
    return place / "config.yml"


def test_wrong_arguments_and_paths_are_refused_before_anything_heavy_is_imported(tmp_path):
    config, commands = used_folder(tmp_path), "fastreid_mm.commands."
    model = ("--config-file", config, "--weights")
    images = ("--modality", "visible", "--images")
    sod = ("SOD/mutualformer_demo.py", "none.pth")
    starts = {
        (commands + "train", "main", "--config-file", "none.yml"): "config none.yml does not exist",
        (commands + "train", "main", "--config-file", config): "has a training in it",
        (commands + "train", "main", "OUTPUT_DIR", tmp_path / "out"): "has a training in it",
        (commands + "train", "main", "--resume", "--overwrite"): "--resume goes on",
        (commands + "train", "main", "--num-gpus", "many"): "argument --num-gpus",
        (commands + "train_regdb_trials", "main", "--dry-run"): "--dry-run leaves no results",
        (commands + "train", "test", *model, "none.pth"): "checkpoint none.pth does not exist",
        (commands + "export", "main", *model, "none.pth", "--output", "a.onnx"): "checkpoint none.pth does not exist",
        (commands + "extract_features", "main", *model, config, *images, "none", "--output", "a.npz"): "--images: none",
        (commands + "index_gallery", "main", *model, config, *images, "none", "--index", "a"): "--images: none",
        (commands + "search_gallery", "main", *model, config, *images, "none", "--index", "a"): "--images: none",
        (commands + "check_data", "main", "none.yml"): "config none.yml does not exist",
        (commands + "edit_index", "main", "list", "none.index"): "there is no index none.index",
        (commands + "edit_index", "main", "merge", "new.index", "none.index"): "there is no index none.index",
        (PROJECT / "tools" / "mmseg_tool.py", "", "none_such"): "no script 'none_such'; there are",
        (PROJECT / "tools" / "mmseg_tool.py", "", "print_config", "none.py"): "config none.py does not exist",
        (PROJECT / "tools" / "convert_efficientnet_lite.py", "", "a.safetensors", "--weights", "none.pth"): (
            "cannot read weights from none.pth"
        ),
        (commands + "saliency", "train", "none.py"): "config none.py does not exist",
        (commands + "saliency", "train", sod[0], "--launcher", "none_such"): "argument --launcher",
        (commands + "saliency", "test", *sod): "checkpoint none.pth does not exist",
        (commands + "saliency", "export", *sod, "a.onnx"): "checkpoint none.pth does not exist",
        (commands + "saliency", "browse", "none.py", "out"): "config none.py does not exist",
        (commands + "saliency", "score", "none", "none"): "maps none is not a folder",
    }
    lines, errors = run(*starts)
    assert lines == ["2 []"] * len(starts)
    said = [line for line in errors if "error: " in line]
    assert all(message in line for line, message in zip(said, starts.values(), strict=True))


def test_a_folder_is_free_to_those_who_may_use_it(tmp_path):
    parser, config = train_arguments.argument_parser(), str(used_folder(tmp_path))
    for option in ("--resume", "--overwrite", "--eval-only", "--dry-run"):
        train_arguments.refuse_early(parser.parse_args(["--config-file", config, option]))
    train_arguments.refuse_early(parser.parse_args(["--config-file", config, "OUTPUT_DIR", str(tmp_path / "other")]))


def test_a_config_that_cannot_be_read_is_left_to_the_full_check(tmp_path):
    for number, text in enumerate(("_BASE_: {name}", "- 1", "a: [", "", "_BASE_: none.yml", "\x00")):
        path = tmp_path / f"{number}.yml"
        path.write_text(text.format(name=path.name))
        assert train_arguments.output_dir(str(path), []) == ""


def facts(parser, *without):
    """Return all that decides what a parser makes of a command line, without some destinations."""
    return {
        action.dest: (sorted(action.option_strings), action.default, action.nargs, action.type, action.choices)
        for action in parser._actions
        if action.dest not in without
    }


def test_the_arguments_of_training_are_fast_reids():
    theirs, ours = facts(default_argument_parser(), "dist_url"), train_arguments.argument_parser()
    assert facts(ours, "dist_url", "overwrite", "dry_run", "weights") == theirs
    assert [*theirs][-1] == "opts" and ours.get_default("dist_url") == "auto"


@pytest.mark.parametrize(
    ("name", "parser", "more"),
    [
        ("train", saliency_arguments.train_parser, {"trust_checkpoint", "overwrite", "dry_run"}),
        ("test", saliency_arguments.test_parser, {"trust_checkpoint"}),
    ],
)
def test_the_arguments_of_saliency_are_mmsegmentations(monkeypatch, name, parser, more):
    parse_args = runpy.run_path(str(scripts_folder() / f"{name}.py"))["parse_args"]
    parsers = []

    def noted(parser):
        parsers.append(parser)
        raise InterruptedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", noted)
    with pytest.raises(InterruptedError):
        parse_args()
    theirs, ours = facts(parsers[0]), facts(parser())
    assert ("checkpoint" in theirs) == (name == "test") == ("checkpoint" in ours)
    theirs.pop("checkpoint", None), ours.pop("checkpoint", None)  # which is in a folder, too
    assert {dest: fact[:3] for dest, fact in ours.items() if dest not in more} == {
        dest: fact[:3] for dest, fact in theirs.items()
    }
    for dest, (*_, kind, choices) in theirs.items():
        assert (kind or str, choices) == (ours[dest][3] or str, ours[dest][4])


def test_choices_are_those_of_the_rooms_below():
    actions = {action.dest: action.choices for action in saliency_arguments.predict_parser()._actions}
    assert actions["depth_direction"] == DIRECTIONS
    actions = {action.dest: action.choices for action in saliency_arguments.browse_parser()._actions}
    assert actions["part"] == PARTS
    assert ARRAYS == NEEDED and tuple(GALLERY_CAMERAS) == MODES
