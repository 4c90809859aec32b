"""Checks of the paths on a command line before PyTorch or a host is imported, with the messages of the full checks."""

import argparse
import os

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.shipped_configs import find_config


def require_config(name: str, package: str = "fastreid_mm") -> str:
    """Return the path of a config, or an empty text if none is named.

    Raises:
        InputError: there is no such file.
    """
    return find_config(name, package) if name else ""


def require_checkpoint(path: str) -> None:
    """Refuse a checkpoint that is named but does not exist; an address (``https://...``) is left to the host.

    Raises:
        InputError: names the path.
    """
    if path and "://" not in path and not os.path.exists(os.path.expanduser(path)):  # noqa: PTH110, PTH111
        raise InputError(f"checkpoint {path} does not exist")


def require_model_files(args: argparse.Namespace) -> None:
    """Refuse a config, checkpoint or folder of images that does not exist, and a batch without images.

    Args:
        args: with ``config_file`` and ``weights``, and perhaps ``images`` and ``batch_size``.

    Raises:
        InputError: names the path or the number.
    """
    if "batch_size" in args and args.batch_size < 1:
        raise InputError(f"--batch-size {args.batch_size} is less than 1")
    require_config(args.config_file)
    require_checkpoint(args.weights)
    if "images" in args and not os.path.exists(args.images):  # noqa: PTH110  Path.exists raises for a long name
        raise InputError(f"--images: {args.images} does not exist")
