"""What ``tools/train_net.py`` does in each process."""

import argparse
import os

from fastreid.engine import default_argument_parser
from fastreid.utils import comm
from yacs.config import CfgNode

import fastreid_mm.modeling  # noqa: F401  registers the architectures, in spawned processes too
from fastreid_mm.engine.setup import setup
from fastreid_mm.engine.trainer import MMTrainer, evaluate_only
from fastreid_mm.evaluation.results import Results, results_table, write_json


def argument_parser() -> argparse.ArgumentParser:
    """fast-reid's arguments; processes on one machine meet at a free port unless told otherwise."""
    parser = default_argument_parser()
    parser.set_defaults(dist_url="auto")
    return parser


def run(args: argparse.Namespace) -> Results:
    """Train or test as the arguments say, and save ``results.json`` in ``OUTPUT_DIR``.

    Returns:
        The results on the first process, nothing on the others.

    Raises:
        InputError: whatever the user can put right.
    """
    cfg = setup(args)
    if args.eval_only:
        results, references = evaluate_only(cfg), {}
    else:
        trainer = MMTrainer(cfg)
        trainer.resume_or_load(resume=args.resume)
        results, references = trainer.train(), trainer.references
    if comm.is_main_process():
        _report(cfg, results, references if cfg.TEST.REFERENCES else {})
    return results


def _report(cfg: CfgNode, results: Results, references: dict[str, Results]) -> None:
    write_json(os.path.join(cfg.OUTPUT_DIR, "results.json"), results)
    rows = {"trained": results}
    if references:
        write_json(os.path.join(cfg.OUTPUT_DIR, "references.json"), references)
        rows |= {name: references[name] for name in ("untrained", "chance") if name in references}
    print(results_table(rows))
    print(f"saved in {cfg.OUTPUT_DIR}")
