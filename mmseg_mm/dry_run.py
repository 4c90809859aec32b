"""Dry run of a saliency training: a step and a batch of a test, which say whether it will work, and for how long."""

import argparse
from collections.abc import Callable
from functools import partial
from tempfile import TemporaryDirectory

from mmengine.runner import Runner

from fastreid_mm.common.console import printable
from fastreid_mm.common.costs import seconds_of, told
from fastreid_mm.common.errors import InputError
from mmseg_mm.engine.config_values import refuse_impossible
from mmseg_mm.engine.data_root import take_data_root
from mmseg_mm.engine.host_errors import host_errors
from mmseg_mm.load_config import load_config


def dry_run(args: argparse.Namespace) -> None:
    """Build everything, make a first and a timed second step, predict the maps of one batch, and save nothing.

    Args:
        args: the arguments as ``train_parser`` of the commands parses them.

    Raises:
        InputError: the run would not work.
    """
    if args.launcher != "none":
        raise InputError("--dry-run is made in one process: leave out --launcher")
    options = args.cfg_options or {}
    if "data_root" in options:
        take_data_root([f"data_root={options['data_root']}"])
    config = load_config(args.config, needs=("model", "train_dataloader"))
    config.merge_from_dict(options)
    with TemporaryDirectory() as folder, host_errors(args.config):
        config.launcher, config.work_dir, config.resume = "none", folder, False
        refuse_impossible(config.to_dict(), training=True, amp=args.amp)
        runner = Runner.from_cfg(config)
        print(printable(_measured(runner)))


def _measured(runner: Runner) -> str:
    loop = runner.build_train_loop(runner._train_loop)
    runner.optim_wrapper = wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner._init_model_weights()
    model, batches = runner.model.train(), iter(loop.dataloader)
    batch = next(batches)
    train: Callable[[], object] = partial(model.train_step, batch, wrapper)
    train()
    step, test = seconds_of(train), 0.0
    if runner._val_loop is not None:
        tested = runner.build_val_loop(runner._val_loop).dataloader
        model.eval()
        test = len(tested) * seconds_of(partial(model.val_step, next(iter(tested))))
    return told(len(loop.dataloader), step, loop.max_epochs, test, "maps")
