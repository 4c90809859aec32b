"""Training and testing from the command line, before and in each process."""

import argparse
from contextlib import nullcontext
from tempfile import TemporaryDirectory

from fastreid_mm.engine.dry_run import dry_run
from fastreid_mm.engine.launch import launch
from fastreid_mm.engine.setup import setup
from fastreid_mm.engine.trainer import MMTrainer
from fastreid_mm.evaluation.results import Results
from fastreid_mm.inference.testing import evaluate_only


def start(args: argparse.Namespace) -> None:
    """Call :func:`run` in as many processes as the arguments say; a dry run writes to a folder that is deleted.

    Raises:
        InputError: the arguments, the config or the data cannot be used.
    """
    with TemporaryDirectory() if args.dry_run else nullcontext("") as folder:
        launch(run, args.num_gpus, args.num_machines, args.machine_rank, args.dist_url, args=(args, folder))


def run(args: argparse.Namespace, output_dir: str = "") -> Results:
    """Train or test as the arguments say, in ``output_dir`` if given; both save ``results.json`` in ``OUTPUT_DIR``.

    A test in a training's folder saves ``eval_results.json``.

    Raises:
        InputError: the arguments, the config or the data cannot be used.
    """
    cfg = setup(args, output_dir)
    if args.eval_only:
        return evaluate_only(cfg)
    trainer = MMTrainer(cfg)
    trainer.resume_or_load(args.resume, args.overwrite)
    if args.dry_run:
        dry_run(trainer)
        return {}
    return trainer.train()
