"""Training and testing from the command line, before and in each process."""

import argparse
from tempfile import TemporaryDirectory

from fastreid_mm.common.output_dir import refuse_used_output_dir
from fastreid_mm.engine.dry_run import dry_run
from fastreid_mm.engine.launch import launch
from fastreid_mm.engine.setup import setup
from fastreid_mm.engine.trainer import MMTrainer
from fastreid_mm.evaluation.results import Results
from fastreid_mm.inference.testing import evaluate_only
from fastreid_mm.settings.load import load_config


def start(args: argparse.Namespace) -> None:
    """Call :func:`run` in as many processes as the arguments say.

    Raises:
        InputError: the arguments, the config or the data cannot be used.
    """
    if args.dry_run:
        load_config(args.config_file, args.opts)  # refuses wrong options of the user before ours are added
        with TemporaryDirectory() as folder:
            args.opts = [*args.opts, "OUTPUT_DIR", folder]
            launch(run, args.num_gpus, args.num_machines, args.machine_rank, args.dist_url, args=(args,))
        return
    launch(run, args.num_gpus, args.num_machines, args.machine_rank, args.dist_url, args=(args,))


def run(args: argparse.Namespace) -> Results:
    """Train or test as the arguments say; both save ``results.json`` in ``OUTPUT_DIR``.

    A test in a training's folder saves ``eval_results.json``.

    Returns:
        The results on the first process, an empty dict on the others.

    Raises:
        InputError: the arguments, the config or the data cannot be used.
    """
    if not (args.eval_only or args.resume or args.overwrite or args.dry_run):  # before anything is written there
        refuse_used_output_dir(load_config(args.config_file, args.opts).OUTPUT_DIR)
    cfg = setup(args)
    if args.eval_only:
        return evaluate_only(cfg)
    trainer = MMTrainer(cfg)
    trainer.resume_or_load(args.resume, args.overwrite)
    if args.dry_run:
        dry_run(trainer)
        return {}
    return trainer.train()
