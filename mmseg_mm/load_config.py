"""Reading of a config, with an error of one line if it cannot be read."""

from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.common.model_folder import is_model_folder
from fastreid_mm.common.shipped_configs import find_config
from mmseg_mm.model_folder import config_of_folder


def load_config(path: str | Path, needs: Sequence[str] = (), imports: Sequence[str] = ()) -> Config:
    """Read a config.

    Args:
        path: the path of the file, or the short name of a shipped config; or the folder of a trained network, of which
            nothing is executed, see :func:`config_of_folder`.
        needs: the keys that it must have.
        imports: modules from outside that the network of a folder may import.

    Raises:
        InputError: the file does not exist, cannot be read or lacks a key.
    """
    if is_model_folder(path):
        return config_of_folder(path, imports)
    path = find_config(path, "mmseg_mm")
    try:
        config = Config.fromfile(path)
    except Exception as error:  # A config is a program, which may raise anything.
        raise InputError(f"config {path}: {first_line(_cause(error))}") from None
    for key in needs:
        if key not in config:
            raise InputError(f"config {path} has no {key}")
    return config


def _cause(error: Exception) -> Exception:
    """Return the first error of a chain, since mmengine's own error does not say which custom import fails."""
    return _cause(error.__cause__) if isinstance(error.__cause__, Exception) else error
