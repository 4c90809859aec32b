"""Setup of a run: config, log, device and seed."""

import argparse
import logging
import os
import random
import sys

import numpy as np
import torch
from fastreid.config import CfgNode
from fastreid.engine import default_setup
from fastreid.utils import comm
from fastreid.utils.logger import setup_logger

from fastreid_mm.common.errors import InputError, require_packages
from fastreid_mm.common.output_dir import refuse_used_output_dir
from fastreid_mm.common.random_streams import stream_words
from fastreid_mm.common.shipped_configs import find_config
from fastreid_mm.common.whole_file import write_text
from fastreid_mm.data.thermal_range import measured_range
from fastreid_mm.modeling.numerics import require_one_process
from fastreid_mm.settings.config_values import refuse_impossible
from fastreid_mm.settings.load import load_config, with_values

logger = logging.getLogger("fastreid.mm")

BEFORE_A_RUN = ("fastreid", "fastreid.utils.env")
"""Loggers of the host's that list environment, arguments, the config file, the whole config, and a seed not used."""
MOST_LINES = 20
"""Number of lines from which on a message of the host's is left to the file: the network, module by module."""


def setup(args: argparse.Namespace, output_dir: str = "") -> CfgNode:
    """Load the config, start the log and save ``config.yaml``, in every process.

    Args:
        args: fast-reid's arguments ``config_file, resume, eval_only, opts``, and ``overwrite`` if there is one.
        output_dir: the folder to use in the place of ``OUTPUT_DIR``, if given.

    Raises:
        InputError: see :func:`load_config`; or ``OUTPUT_DIR`` cannot be made, or has a training in it that is neither
            to be resumed nor to be overwritten.
    """
    cfg = load_config(args.config_file, args.opts)
    cfg.OUTPUT_DIR = output_dir or cfg.OUTPUT_DIR
    if not (args.eval_only or args.resume or getattr(args, "overwrite", True)):  # else the trainer knows what to do
        refuse_used_output_dir(cfg.OUTPUT_DIR)
    if args.config_file:
        args.config_file = find_config(args.config_file, "fastreid_mm")  # the host opens it to log it
    if args.eval_only:
        cfg.MODEL.BACKBONE.PRETRAIN = False  # the checkpoint has the weights
    cfg.freeze()
    _start_log(cfg.OUTPUT_DIR)
    default_setup(cfg, args)
    return cfg


def settle(cfg: CfgNode) -> CfgNode:
    """Choose device and seed if a config leaves them open, and seed everything, in every process.

    All training and testing begins with it, so that users' own scripts need only a config. It comes after fast-reid's
    ``default_setup``, which seeds at random.

    Returns:
        A copy of the config, frozen. :func:`save_config` saves it, once ``OUTPUT_DIR`` is known to be free.

    Raises:
        InputError: a package that the config needs is not installed, or a value cannot be used.
    """
    if cfg.TRACKING.WANDB.ENABLED:
        require_packages("tracking", "wandb")
    refuse_impossible(cfg)
    require_one_process(cfg.TEST.AMP, cfg.TEST.CHANNELS_LAST, comm.get_world_size())
    no_gpu = cfg.MODEL.DEVICE.startswith("cuda") and not torch.cuda.is_available()
    seed = cfg.SEED if cfg.SEED >= 0 else comm.all_gather(int.from_bytes(os.urandom(3), "big"))[0]
    cfg = with_values(cfg, SEED=seed, MODEL__DEVICE="cpu" if no_gpu else cfg.MODEL.DEVICE)
    _start_log(cfg.OUTPUT_DIR)
    seed_everything(cfg.SEED, comm.get_rank())
    set_deterministic(cfg.DETERMINISTIC)
    torch.backends.cuda.matmul.allow_tf32 = cfg.TF32 == "always"
    torch.backends.cudnn.allow_tf32 = cfg.TF32 != "never"
    torch.backends.cudnn.benchmark = cfg.CUDNN_BENCHMARK and not cfg.DETERMINISTIC  # the host's is for training only
    logger.info(f"Seed {cfg.SEED}")
    if no_gpu:
        logger.warning("No GPU: MODEL.DEVICE is cpu")
    if (measured := measured_range(cfg)) is not None:
        cfg = with_values(cfg, INPUT__RANGE_16BIT=measured, INPUT__RANGE_16BIT_OF="image")
    return cfg


def save_config(cfg: CfgNode) -> None:
    """Write ``config.yaml`` in ``OUTPUT_DIR``, which is made if there is none, on the first process."""
    if comm.is_main_process():
        os.makedirs(cfg.OUTPUT_DIR, exist_ok=True)
        write_text(os.path.join(cfg.OUTPUT_DIR, "config.yaml"), cfg.dump())


def _start_log(output_dir: str) -> None:
    """Make the folder, or refuse it, and start fast-reid's log unless ``default_setup`` has started it."""
    if comm.is_main_process():
        try:
            os.makedirs(output_dir, exist_ok=True)
        except OSError as error:
            raise InputError(f"OUTPUT_DIR {output_dir!r} cannot be made: {error.strerror}") from None
    # a handler of the host's: what only collects messages, as in tests, is of a class of its own
    if not any(type(handler) is logging.StreamHandler for handler in logging.getLogger("fastreid").handlers):
        setup_logger(output_dir, distributed_rank=comm.get_rank())  # which default_setup calls again, to no effect
    shorten_screen()


def shorten_screen() -> None:
    """Leave what the host writes before a run, and its longest messages, to ``log.txt``, from now on."""
    for handler in logging.getLogger("fastreid").handlers:
        if getattr(handler, "stream", None) is sys.stdout:
            handler.addFilter(is_for_screen)


def is_for_screen(record: logging.LogRecord) -> bool:
    """Tell whether a message is a warning, this package's, or a short one of the host's once a run has begun."""
    if record.levelno >= logging.WARNING or record.name.startswith("fastreid.mm"):
        return True
    return record.name not in BEFORE_A_RUN and record.getMessage().count("\n") < MOST_LINES


def seed_everything(seed: int, *more: int) -> None:
    """Seed Python, NumPy and PyTorch independently, from a seed and any further numbers (rank, iteration)."""
    words = stream_words(seed, *more, count=3)
    random.seed(words[0])
    np.random.seed(words[1])
    torch.manual_seed(words[2])


def set_deterministic(deterministic: bool) -> None:
    """Allow only deterministic kernels, or all."""
    if deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS requires it
        torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(deterministic)
