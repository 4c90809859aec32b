"""RGB-D and RGB-T saliency on mmsegmentation: the commands ``mmseg-mm-train``, ``mmseg-mm-test`` and those that follow.

They are here because ``mmseg_mm`` cannot be imported without its host.
"""

import argparse
import sys
from contextlib import nullcontext
from importlib import import_module

from fastreid_mm.commands import saliency_arguments
from fastreid_mm.commands.early_checks import require_config, take_saliency_folder
from fastreid_mm.common.errors import InputError, one_line_errors, require_packages
from fastreid_mm.common.hosts import require_mmseg, require_saliency_scores, say_loading
from fastreid_mm.common.model_folder import is_model_folder


def train(arguments: list[str] | None = None) -> None:
    """Run mmsegmentation's ``train.py`` with its arguments and ours, or make a dry run."""
    parser, given = saliency_arguments.train_parser(), sys.argv[1:] if arguments is None else arguments
    if "--dry-run" in given:
        _run("dry_run", parser, given)
    else:
        _run_script("train.py", parser, given)


def test(arguments: list[str] | None = None) -> None:
    """Run mmsegmentation's ``test.py`` with its arguments and ours."""
    _run_script("test.py", saliency_arguments.test_parser(), arguments)


def predict(arguments: list[str] | None = None) -> None:
    """Write the saliency maps of images with depth or thermal images."""
    parser = saliency_arguments.predict_parser()
    given = sys.argv[1:] if arguments is None else arguments
    if any(word.partition("=")[0] == "--onnx" for word in given):
        _predict_by_onnx(parser, given)
    else:
        _run("predict", parser, given)


@one_line_errors()
def _predict_by_onnx(parser: argparse.ArgumentParser, arguments: list[str]) -> None:
    """Predict by an exported file, for which neither PyTorch nor mmsegmentation is needed."""
    args = parser.parse_args(arguments)
    for name in ("config", "checkpoint", "cfg_options", "tta", "amp", "fast", "trust_checkpoint"):
        if vars(args)[name]:
            raise InputError(f"--{name.replace('_', '-')} has no effect with --onnx: leave it out")
    require_packages("export", "onnxruntime", "cv2", "PIL", "tqdm")
    _require_images(args)
    from fastreid_mm.export import OnnxSaliencyPredictor
    from fastreid_mm.saliency.predict import predict

    names = ("depth_direction", "max_pixels", "thermal_range", "resize", "missing")
    providers = ("CPUExecutionProvider",) if args.device == "cpu" else ("CUDAExecutionProvider",)
    predict(args, lambda: OnnxSaliencyPredictor(args.onnx, providers, **{name: vars(args)[name] for name in names}))


def _require_images(args: argparse.Namespace) -> None:
    for path in (vars(args).get("image"), vars(args).get("second")):
        if path and not path.exists():
            raise InputError(f"{path} does not exist")


def export(arguments: list[str] | None = None) -> None:
    """Write a trained network as ONNX."""
    _run("export", saliency_arguments.export_parser(), arguments)


def browse(arguments: list[str] | None = None) -> None:
    """Draw the samples that a network gets."""
    _run("browse", saliency_arguments.browse_parser(), arguments)


@one_line_errors()
def score(arguments: list[str] | None = None) -> None:
    """Score saliency maps in folders, for which no host is needed."""
    require_saliency_scores()
    args = saliency_arguments.score_parser().parse_args(arguments)
    for folder, what in ((args.maps, "maps"), (args.masks, "masks")):
        if not folder.is_dir():
            raise InputError(f"{what} {folder} is not a folder")
    from fastreid_mm.saliency.score import score  # PySODMetrics imports scikit-learn, which takes seconds

    score(args)


@one_line_errors()
def _run(name: str, parser: argparse.ArgumentParser, arguments: list[str] | None) -> None:
    """Run the function of a module of ``mmseg_mm`` that has the module's name, with parsed arguments."""
    require_mmseg()
    args = parser.parse_args(arguments)
    _take_network(args)
    _require_images(args)
    say_loading("mmseg")
    module = import_module(f"mmseg_mm.{name}")
    args.cfg_options = _options(parser, args)
    getattr(module, name)(args)


def _take_network(args: argparse.Namespace) -> None:
    """Put the folder of a trained network, or its files, into ``config`` and ``checkpoint``, in place."""
    if "checkpoint" not in args:
        args.config = require_config(args.config, "mmseg_mm")
        return
    args.config, args.checkpoint = take_saliency_folder(args.config, args.checkpoint)
    if not args.config or not args.checkpoint:
        raise InputError("give a config and a checkpoint, or a folder with a trained network")


def _options(parser: argparse.ArgumentParser, args: argparse.Namespace) -> dict[str, object] | None:
    """Read the words of ``--cfg-options`` as mmengine does."""
    from mmengine.config import DictAction

    words, args.cfg_options = args.cfg_options, None
    if words:
        DictAction(["--cfg-options"], "cfg_options", nargs="+")(parser, args, words)
    return args.cfg_options


@one_line_errors()
def _run_script(name: str, parser: argparse.ArgumentParser, arguments: list[str] | None) -> None:
    """Run a script of mmsegmentation, which parses the arguments once more."""
    arguments = sys.argv[1:] if arguments is None else arguments
    require_mmseg()
    args = parser.parse_args(arguments)
    config, given = args.config, vars(args).get("checkpoint")
    if given is None and is_model_folder(config):
        raise InputError(f"{config} is a trained network: train by a config, with --cfg-options load_from={config}")
    _take_network(args)
    say_loading("mmseg")
    from mmseg_mm.engine import run_host_script
    from mmseg_mm.model_folder import config_file

    words, place = list(arguments), arguments.index(config)
    with config_file(config, _options(parser, args)) if is_model_folder(config) else nullcontext(config) as path:
        words[place : place + 1] = [str(path)] if given or not is_model_folder(config) else [str(path), args.checkpoint]
        run_host_script(name, words)
