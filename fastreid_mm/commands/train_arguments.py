"""Arguments of training and testing: fast-reid's, declared anew so that they are parsed before it is imported."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from fastreid_mm.commands.early_checks import require_checkpoint, require_config, take_model_folder
from fastreid_mm.commands.model_arguments import WEIGHTS_HELP, add_flag
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.output_dir import refuse_used_output_dir

OUTPUT_DIR = "OUTPUT_DIR"


def argument_parser() -> argparse.ArgumentParser:
    """Make the parser of fast-reid's arguments and three more.

    Processes on one machine meet at a free port unless told otherwise.
    """
    parser = argparse.ArgumentParser(description="Train or test a model.")
    parser.add_argument(
        "--config-file", default="", metavar="FILE", help="path of a config, or short name of a shipped one"
    )
    parser.add_argument("--weights", "--checkpoint", default="", help=WEIGHTS_HELP)
    parser.add_argument("--resume", action="store_true", help="go on with the training in OUTPUT_DIR")
    parser.add_argument("--eval-only", action="store_true", help="test MODEL.WEIGHTS instead of training")
    parser.add_argument("--num-gpus", type=int, default=1, help="number of GPUs of each machine (default: 1)")
    parser.add_argument("--num-machines", type=int, default=1, help="number of machines (default: 1)")
    parser.add_argument("--machine-rank", type=int, default=0, help="number of this machine, from 0 (default: 0)")
    parser.add_argument("--dist-url", default="auto", help="where processes meet, tcp://HOST:PORT (default: auto)")
    parser.add_argument("opts", nargs=argparse.REMAINDER, metavar="KEY VALUE", help="config keys and their values")
    add_flag(parser, "--overwrite", "begin anew where OUTPUT_DIR has a training already, and delete that")
    add_flag(parser, "--dry-run", "build everything, make one step and a tiny test, estimate, save nothing")
    return parser


def refuse_early(args: argparse.Namespace) -> None:
    """Refuse arguments that are wrong without a look at the whole config, before anything heavy is imported.

    ``--weights`` become ``MODEL.WEIGHTS``, see :func:`take_weights`.

    Raises:
        InputError: the config or checkpoint does not exist, ``--resume`` and ``--overwrite`` are both given, or a new
            training's ``OUTPUT_DIR`` has a training in it.
    """
    if args.resume and args.overwrite:
        raise InputError("--resume goes on with a training and --overwrite deletes it: give one of them")
    take_weights(args)
    path = require_config(args.config_file)
    if not (args.eval_only or args.resume or args.overwrite or args.dry_run):
        folder = output_dir(path, args.opts)
        if folder:
            refuse_used_output_dir(folder)


def take_weights(args: argparse.Namespace) -> None:
    """Put ``weights`` into ``opts`` as ``MODEL.WEIGHTS``, in place, with :func:`take_model_folder`.

    Raises:
        InputError: the checkpoint does not exist, or the folder cannot be used.
    """
    take_model_folder(args)
    require_checkpoint(args.weights)
    if args.weights:
        args.opts = [*args.opts, "MODEL.WEIGHTS", args.weights]


def output_dir(config_file: str, options: Sequence[str]) -> str:
    """Read ``OUTPUT_DIR`` from the options, a YAML file or the files that it builds on; empty if none of them has it.

    Files that cannot be read have none: loading the config says what is wrong with them.
    """
    import yaml  # of fast-reid's requirements, which the command has looked for by now

    given = dict(zip(options[::2], options[1::2]))
    if OUTPUT_DIR in given:
        return given[OUTPUT_DIR]
    path, seen = Path(config_file), set[Path]()
    while path.is_file() and path not in seen:
        seen.add(path)
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError, RecursionError):
            return ""
        keys = content if isinstance(content, dict) else {}
        if OUTPUT_DIR in keys:
            return str(keys[OUTPUT_DIR])
        path = path.parent / Path(str(keys.get("_BASE_", ""))).expanduser()
    return ""
