"""RGB-D saliency on mmsegmentation: the commands ``mmseg-mm-train``, ``mmseg-mm-test`` and those that follow.

They are here because ``mmseg_mm`` cannot be imported without its host.
"""

import sys
from importlib import import_module

from fastreid_mm.common.errors import one_line_errors
from fastreid_mm.common.hosts import require_mmseg
from fastreid_mm.common.shipped_configs import find_config


def train(arguments: list[str] | None = None) -> None:
    """Run mmsegmentation's ``train.py``.

    Args:
        arguments: the script's and ``--trust-checkpoint``; by default those of the command line.

    Raises:
        SystemExit: with status 2 and one line on standard error for whatever the user can put right.
    """
    _run_script("train.py", arguments)


def test(arguments: list[str] | None = None) -> None:
    """Run mmsegmentation's ``test.py``; arguments and errors like :func:`train`."""
    _run_script("test.py", arguments)


def predict(arguments: list[str] | None = None) -> None:
    """Write the saliency maps of images with depth; arguments and errors like :func:`train`."""
    _run("predict", arguments)


def export(arguments: list[str] | None = None) -> None:
    """Write a trained network as ONNX; arguments and errors like :func:`train`."""
    _run("export", arguments)


def browse(arguments: list[str] | None = None) -> None:
    """Draw the samples that a network gets; arguments and errors like :func:`train`."""
    _run("browse", arguments)


def score(arguments: list[str] | None = None) -> None:
    """Score saliency maps in folders; arguments and errors like :func:`train`."""
    _run("score", arguments)


def _run(name: str, arguments: list[str] | None) -> None:
    """Run the function of a module of ``mmseg_mm`` that has the module's name, with arguments parsed by its parser."""
    with one_line_errors():
        require_mmseg()
        module = import_module(f"mmseg_mm.{name}")
        args = module.argument_parser().parse_args(arguments)
        if "config" in args:
            args.config = find_config(args.config, "mmseg_mm")
        getattr(module, name)(args)


def _run_script(name: str, arguments: list[str] | None) -> None:
    with one_line_errors():
        require_mmseg()
        from mmseg_mm.engine import run_host_script

        run_host_script(name, sys.argv[1:] if arguments is None else arguments)
