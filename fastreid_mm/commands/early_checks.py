"""Checks of the paths on a command line before PyTorch or a host is imported, with the messages of the full checks."""

import argparse
import os

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.model_folder import WEIGHTS, find_model_folder, is_model_folder
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


def require_index(location: str) -> None:
    """Refuse an index that does not exist; an address, and one whose folder is missing, are left to the full check.

    Raises:
        InputError: names the path.
    """
    folder = os.path.dirname(location) or "."  # noqa: PTH120
    unfinished = os.path.exists(f"{location}.new")  # noqa: PTH110  which has a message of its own
    if "://" not in location and os.path.isdir(folder) and not (unfinished or os.path.exists(location)):  # noqa: PTH110, PTH112
        raise InputError(f"there is no index {location}")


def take_model_folder(args: argparse.Namespace) -> None:
    """Replace a model folder in ``weights`` by its file, and take its config if no ``config_file`` is given, in place.

    It is downloaded if it is on the hub, as is one in ``config_file``, which is replaced by the folder on this machine.

    Raises:
        InputError: a folder lacks its config or weights, or cannot be downloaded.
    """
    if is_model_folder(args.config_file):
        args.config_file = str(find_model_folder(args.config_file))
    if is_model_folder(args.weights):
        folder = find_model_folder(args.weights)
        args.config_file, args.weights = args.config_file or str(folder), str(folder / WEIGHTS)


def take_saliency_folder(config: str, checkpoint: str) -> tuple[str, str]:
    """Return a config and a checkpoint, of which either may be the folder of a trained network, which serves as both.

    It is downloaded if it is on the hub. One in the place of the config is the checkpoint if none is given.

    Raises:
        InputError: a folder lacks its config or weights and cannot be downloaded, or a file does not exist.
    """
    config, checkpoint = (
        str(find_model_folder(each)) if is_model_folder(each) else each for each in (config, checkpoint)
    )
    if is_model_folder(checkpoint) and not config:
        config = checkpoint
    if is_model_folder(config):
        return config, checkpoint or config
    config = require_config(config, "mmseg_mm")
    require_checkpoint(checkpoint)
    return config, checkpoint


def require_model_files(args: argparse.Namespace) -> None:
    """Refuse a config, checkpoint or folder of images that does not exist, and a batch without images.

    Args:
        args: with ``config_file`` and ``weights``, which :func:`take_model_folder` settles, and perhaps ``images`` and
            ``batch_size``.

    Raises:
        InputError: names the path or the number; or there is no config.
    """
    if "batch_size" in args and args.batch_size < 1:
        raise InputError(f"--batch-size {args.batch_size} is less than 1")
    take_model_folder(args)
    if not args.config_file:
        raise InputError("give --config-file, or a folder with a trained network in --weights")
    require_config(args.config_file)
    require_checkpoint(args.weights)
    if "images" in args and args.images is not None and not os.path.exists(args.images):  # noqa: PTH110  Path.exists raises for a long name
        raise InputError(f"--images: {args.images} does not exist")
