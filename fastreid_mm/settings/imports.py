"""Import of packages from outside, which ``IMPORTS`` names, with their architectures, data sets and keys."""

import importlib
import re
import traceback
from collections.abc import Sequence

from fastreid.config import CfgNode, get_cfg

from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.settings.config import add_mm_config

KEY = "IMPORTS"
_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def config_with(imports: Sequence[str]) -> CfgNode:
    """Make a config of fast-reid's defaults, this package's, and those of packages from outside.

    Each is imported, which registers its classes, and its ``add_config(cfg)``, if it has one, adds its keys.

    Args:
        imports: names of modules, as in ``IMPORTS``.

    Raises:
        InputError: a module does not exist or fails; names it, and the place of the failure.
    """
    cfg = get_cfg()
    add_mm_config(cfg)
    named = isinstance(imports, list | tuple) and all(isinstance(name, str) for name in imports)
    if not named or not all(map(_NAME.fullmatch, imports)):
        raise InputError(f"{KEY} {imports!r} is not a list of modules, as ['package'] is")
    for name in imports:
        _import(name, cfg)
    cfg[KEY] = list(imports)
    return cfg


def defaults_of(cfg: CfgNode) -> CfgNode:
    """Make a config of the defaults of all keys of a config, including those of packages from outside."""
    return config_with(cfg.get(KEY, []))


def _import(name: str, cfg: CfgNode) -> None:
    try:
        add_config = getattr(importlib.import_module(name), "add_config", None)
        if add_config is not None:
            add_config(cfg)
    except Exception as error:  # any kind, as the module is somebody's program
        if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
            raise InputError(f"{KEY}: there is no module {name}, installed or in a folder of PYTHONPATH") from None
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise InputError(
            f"{KEY}: {name} fails at {place.filename}:{place.lineno}: {type(error).__name__}: {first_line(error)}"
        ) from error
