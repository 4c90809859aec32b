"""From the command line to a checked config, and from a config to a seeded, saved run."""

import argparse
import logging
import os
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

import numpy as np
import torch
import yaml
from fastreid.config import CfgNode
from fastreid.engine import default_setup
from fastreid.utils import comm
from fastreid.utils.logger import setup_logger

from fastreid_mm.engine.config_values import refuse_impossible
from fastreid_mm.engine.tracking import require_tracking
from fastreid_mm.errors import InputError
from fastreid_mm.random_streams import stream_words
from fastreid_mm.settings.imports import KEY, config_with
from fastreid_mm.shipped_configs import find_config
from fastreid_mm.whole_file import write_text

logger = logging.getLogger("fastreid.mm")

MOST_ENTRIES = 100_000
"""Of a config file. A few hundred references to references unfold to more than a memory holds."""


def load_config(config_file: str | os.PathLike, options: Sequence[object]) -> CfgNode:
    """fast-reid's defaults, this package's and those of ``IMPORTS``, then a file, then ``KEY VALUE`` pairs.

    Args:
        config_file: a path, the short name of a shipped config, or empty for none.
        options: keys and values in turn.

    Raises:
        InputError: the file is missing, not YAML, without keys or its own base, a key is unknown, a value has the
            wrong type or is not supported, or a module of ``IMPORTS`` is missing or fails.
    """
    config_file = find_config(config_file, "fastreid_mm") if config_file else ""
    options = _words(options)
    if len(options) % 2:
        raise InputError(f"config options come as KEY VALUE pairs, {options[-1]!r} is left over")
    try:
        content = _read_file(config_file) if config_file else CfgNode()
        cfg = config_with(_imports(content, options))
        cfg.merge_from_other_cfg(content)
        cfg.merge_from_list(_with_floats(cfg, options))
    except InputError:
        raise
    except RecursionError:  # of an option
        raise InputError("config options: a value is nested too deep") from None
    except (KeyError, ValueError, AssertionError, yaml.YAMLError, OSError) as error:
        # yacs says "Non-existent config key" in one exception and "Non-existent key" in another
        reason = " ".join(str(error).strip("'\"").split())
        raise InputError(f"config {config_file or 'options'}: {reason}") from None
    return cfg


def _read_file(path: str) -> CfgNode:
    """A file and those it builds on, by the host's reading, which trips over any that is not a mapping."""
    try:
        content = CfgNode.load_yaml_with_base(path)  # with YAML's safe loader, which runs nothing
        if _entries(content, {}) > MOST_ENTRIES:
            raise InputError(f"config {path}: its references unfold to more than {MOST_ENTRIES} entries")
        return CfgNode(content)
    except RecursionError:
        raise InputError(f"config {path}: its _BASE_ leads back to itself, or it is nested too deep") from None
    except (AttributeError, TypeError):
        raise InputError(f"config {path}: it, or a _BASE_ of it, is empty or no mapping of keys to values") from None


def _entries(content: object, known: dict[int, int]) -> int:
    """How many entries there are when every reference of a YAML file is a copy, as the host makes of them."""
    if not isinstance(content, dict | list):
        return 1
    if id(content) not in known:
        values = content.values() if isinstance(content, dict) else content
        known[id(content)] = 1 + sum(_entries(value, known) for value in values)
    return known[id(content)]


def _words(options: Iterable[object]) -> list[str]:
    """Options as the command line gives them."""
    if isinstance(options, str | Mapping):
        raise InputError(f"config options must be a list of keys and values in turn, not {options!r}")
    return [str(word) for word in options]


def _imports(content: CfgNode, options: list[str]) -> Sequence[str]:
    """The modules to import: those of the last option that says so, or else of the file."""
    given = dict(zip(options[::2], options[1::2])).get(KEY)
    return content.get(KEY, []) if given is None else yaml.safe_load(given)


def _with_floats(cfg: CfgNode, options: list[str]) -> list[str]:
    """``KEY VALUE`` pairs in which 0 for a key of 0.5 is 0.0: the host refuses whole numbers for them."""
    values = [
        f"{value}.0" if re.fullmatch(r"[+-]?\d+", value) and isinstance(_value(cfg, key), float) else value
        for key, value in zip(options[::2], options[1::2])
    ]
    return [word for pair in zip(options[::2], values) for word in pair]


def _value(cfg: CfgNode, key: str) -> object:
    """What a dotted key holds, None for one there is not."""
    return reduce(lambda node, name: node.get(name) if isinstance(node, CfgNode) else None, key.split("."), cfg)


def setup(args: argparse.Namespace) -> CfgNode:
    """Load the config, start the log and save ``config.yaml``, in every process.

    Args:
        args: fast-reid's arguments: ``config_file, resume, eval_only, opts``.

    Raises:
        InputError: see :func:`load_config`; or ``OUTPUT_DIR`` cannot be made.
    """
    cfg = load_config(args.config_file, args.opts)
    if args.config_file:
        args.config_file = find_config(args.config_file, "fastreid_mm")  # the host opens it to log it
    if args.eval_only:
        cfg.MODEL.BACKBONE.PRETRAIN = False  # the checkpoint has the weights
    cfg.freeze()
    _make_output_dir(cfg.OUTPUT_DIR)
    default_setup(cfg, args)
    return cfg


def with_values(cfg: CfgNode, **values: object) -> CfgNode:
    """A frozen copy of a config with other values of some keys, whose dots are written as two underscores."""
    cfg = cfg.clone()
    cfg.defrost()
    cfg.merge_from_list([word for key, value in values.items() for word in (key.replace("__", "."), value)])
    cfg.freeze()
    return cfg


def settle(cfg: CfgNode) -> CfgNode:
    """Choose what a config leaves open, device and seed, and seed everything, in every process.

    Everything that trains or tests begins with it, so that a script of one's own needs nothing but a config. It comes
    after fast-reid's ``default_setup``, which seeds at random.

    Returns:
        A copy of the config, frozen. :func:`save_config` saves it, once ``OUTPUT_DIR`` is known to be free.

    Raises:
        InputError: what the config asks for is not installed, or cannot be used.
    """
    require_tracking(cfg)
    refuse_impossible(cfg)
    no_gpu = cfg.MODEL.DEVICE.startswith("cuda") and not torch.cuda.is_available()
    seed = cfg.SEED if cfg.SEED >= 0 else comm.all_gather(int.from_bytes(os.urandom(3), "big"))[0]
    cfg = with_values(cfg, SEED=seed, MODEL__DEVICE="cpu" if no_gpu else cfg.MODEL.DEVICE)
    _start_log(cfg.OUTPUT_DIR)
    seed_everything(cfg.SEED, comm.get_rank())
    set_deterministic(cfg.DETERMINISTIC)
    logger.info(f"Seed {cfg.SEED}")
    if no_gpu:
        logger.warning("No GPU: MODEL.DEVICE is cpu")
    return cfg


def save_config(cfg: CfgNode) -> None:
    """Write ``config.yaml`` in ``OUTPUT_DIR``, which is made if need be, on the first process."""
    if comm.is_main_process():
        os.makedirs(cfg.OUTPUT_DIR, exist_ok=True)
        write_text(os.path.join(cfg.OUTPUT_DIR, "config.yaml"), cfg.dump())


def _make_output_dir(folder: str) -> None:
    """Make ``OUTPUT_DIR`` on the first process, or refuse it."""
    if comm.is_main_process():
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            raise InputError(f"OUTPUT_DIR {folder!r} cannot be made: {error.strerror}") from None


def _start_log(output_dir: str) -> None:
    """Make the folder, and start fast-reid's log unless its ``default_setup`` has."""
    _make_output_dir(output_dir)
    if not logging.getLogger("fastreid").isEnabledFor(logging.INFO):
        setup_logger(output_dir, distributed_rank=comm.get_rank())


def seed_everything(seed: int, *more: int) -> None:
    """Seed Python, NumPy and PyTorch from a seed and any further numbers (rank, iteration), each by itself."""
    words = stream_words(seed, *more, count=3)
    random.seed(words[0])
    np.random.seed(words[1])
    torch.manual_seed(words[2])


def set_deterministic(deterministic: bool) -> None:
    """Allow only deterministic kernels, or any."""
    if deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS insists
        torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(deterministic)
