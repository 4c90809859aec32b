"""Loading of a config from the command line: the defaults of all packages, then a file, then options."""

import os
import re
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path

import yaml
from fastreid.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.model_folder import WEIGHTS, is_model_folder, without_places
from fastreid_mm.common.plain_yaml import read_plain_yaml, require_few_entries
from fastreid_mm.common.shipped_configs import find_config
from fastreid_mm.settings.config import KEY, config_with


def load_config(config_file: str | os.PathLike, options: Sequence[object]) -> CfgNode:
    """Load a config: the defaults of fast-reid, this package and ``IMPORTS``, then a file, then ``KEY VALUE`` pairs.

    The folder of a trained network may be a stranger's. Of its config, which is read without a ``_BASE_``, nothing is
    taken that belongs to a machine (:data:`OF_A_PLACE`), and nothing is imported unless the options say so, too.

    Args:
        config_file: a path, the short name of a shipped config, empty for none, or the folder of a trained network,
            see :func:`find_model_folder`, whose weights are then ``MODEL.WEIGHTS``.
        options: keys and values in turn.

    Raises:
        InputError: the file is missing, not YAML, without keys or its own base, a key is unknown, a value has the
            wrong type or is not supported, or a module of ``IMPORTS`` is missing or fails; or the config of a trained
            network needs ``IMPORTS`` that the options do not name.
    """
    shared = is_model_folder(config_file)
    config_file = find_config(config_file, "fastreid_mm") if config_file else ""
    if isinstance(options, str | Mapping):
        raise InputError(f"config options must be a list of keys and values in turn, not {options!r}")
    words = [str(word) for word in options]  # as on the command line
    if len(words) % 2:
        raise InputError(f"config options come as KEY VALUE pairs, {words[-1]!r} is left over")
    try:
        content = _read_file(config_file, shared) if config_file else CfgNode()
        if shared and content.get(KEY) and KEY not in words[::2]:
            raise InputError(f'{config_file}: it needs code from outside; if you trust it: {KEY} "{content[KEY]}"')
        cfg = config_with(_imports(content, words))
        cfg.merge_from_other_cfg(content)
        if shared:
            cfg.MODEL.WEIGHTS = str(Path(config_file).with_name(WEIGHTS))
        cfg.merge_from_list(_with_floats(cfg, words))
    except InputError:
        raise
    except RecursionError:  # from an option
        raise InputError("config options: a value is nested too deep") from None
    except (KeyError, ValueError, AssertionError, yaml.YAMLError, OSError) as error:
        # yacs says "Non-existent config key" in one exception and "Non-existent key" in another
        reason = " ".join(str(error).strip("'\"").split())
        raise InputError(f"config {config_file or 'options'}: {reason}") from None
    return cfg


def _read_file(path: str, shared: bool) -> CfgNode:
    """Read a file, and its bases unless it is of a model folder; fails if any of them is not a mapping."""
    try:
        if shared:
            return CfgNode(without_places(read_plain_yaml(path)))
        content = CfgNode.load_yaml_with_base(path)
        require_few_entries(content, path)
        return CfgNode(content)
    except RecursionError:
        raise InputError(f"config {path}: its _BASE_ leads back to itself, or it is nested too deep") from None
    except (AttributeError, TypeError):
        raise InputError(f"config {path}: it, or a _BASE_ of it, is empty or no mapping of keys to values") from None


def _imports(content: CfgNode, options: list[str]) -> Sequence[str]:
    """Return the modules to import, from the last option ``IMPORTS``, or else from the file."""
    given = dict(zip(options[::2], options[1::2])).get(KEY)
    return content.get(KEY, []) if given is None else yaml.safe_load(given)


def _with_floats(cfg: CfgNode, options: list[str]) -> list[str]:
    """Write whole numbers for floating-point keys as "0.0" instead of "0", which the host refuses."""
    values = [
        f"{value}.0" if re.fullmatch(r"[+-]?\d+", value) and isinstance(_value(cfg, key), float) else value
        for key, value in zip(options[::2], options[1::2])
    ]
    return [word for pair in zip(options[::2], values) for word in pair]


def _value(cfg: CfgNode, key: str) -> object:
    """Return the value of a dotted key, None if there is no such key."""
    return reduce(lambda node, name: node.get(name) if isinstance(node, CfgNode) else None, key.split("."), cfg)


def with_values(cfg: CfgNode, **values: object) -> CfgNode:
    """Make a frozen copy of a config with other values of some keys, whose dots are written as two underscores."""
    cfg = cfg.clone()
    cfg.defrost()
    cfg.merge_from_list([word for key, value in values.items() for word in (key.replace("__", "."), value)])
    cfg.freeze()
    return cfg
