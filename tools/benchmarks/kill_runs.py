r"""Stop trainings at random moments, resume them, and compare the end bit by bit with an uninterrupted training.

Example:
    python tools/prepare/make_toy_data.py --root logs/kills/datasets --identities 8 2 8
    FASTREID_DATASETS=logs/kills/datasets python tools/benchmarks/kill_runs.py --faults 100 --output logs/kills/cmtr \
        --config-file configs/demo/cmtr.yml SOLVER.CHECKPOINT_ITERS 2 SOLVER.MAX_EPOCH 2
    python tools/benchmarks/kill_runs.py --faults 100 --output logs/kills/sod --sod CONFIG.py

Every training is a fork of this process, which has imported everything already. The faults are drawn from --seed:
SIGKILL; SIGTERM; SIGKILL after which the newest checkpoint is cut short; a limit on the size of files below that of a
checkpoint, as on a full disk. The outcomes are printed as a table and written to OUTPUT/faults.json.
"""

import argparse
import json
import os
import random
import resource
import shutil
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from pathlib import Path

import torch
from tabulate import tabulate

SIGNALS = {"SIGKILL": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "SIGKILL, last file cut": signal.SIGKILL}
FULL = "no space"
OUTCOMES = {0: "was done", 2: "one line", 143: "saved, status 143", None: "hangs"}
OUTCOMES |= {-signal.SIGKILL: "ended at once", -signal.SIGTERM: "ended before training"}
"""Words for exit statuses."""
TIMES_NOT_COMPARED = ("message_hub", "meta")
"""Entries of mmengine's checkpoints that hold times."""
Train = Callable[[Path, bool], object]
"""Function that trains in a folder; the second argument says whether to resume."""


def fastreid_training(config: str, options: list[str]) -> Train:
    """Make a training like ``tools/train_net.py``."""
    from fastreid_mm.commands.run import run
    from fastreid_mm.commands.train_arguments import argument_parser

    def train(folder: Path, resume: bool) -> None:
        words = ["--config-file", config, *(["--resume"] if resume else []), *options, "OUTPUT_DIR", str(folder)]
        run(argument_parser().parse_args(words))

    return train


def saliency_training(config: str, options: list[str]) -> Train:
    """Make a training like ``tools/train_sod.py``."""
    import mmengine.runner.runner

    from mmseg_mm.engine import run_host_script

    mmengine.runner.runner.collect_env = dict  # takes seconds

    def train(folder: Path, resume: bool) -> None:
        words = [config, "--work-dir", str(folder), *(["--resume"] if resume else [])]
        run_host_script("train.py", [*words, "--cfg-options", "launcher=none", *options])

    return train


def start(train: Train, folder: Path, resume: bool, size_limit: int | None = None) -> ForkProcess:
    """Train in a separate process, whose output goes to a file beside the folder."""

    def logged() -> None:
        log = os.open(f"{folder}.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        if size_limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size_limit, resource.RLIM_INFINITY))
        try:
            train(folder, resume)
        except ValueError as error:
            traceback.print_exc()
            raise SystemExit(2) from error
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    process = get_context("fork").Process(target=logged)
    process.start()
    return process


def wait(process: ForkProcess, seconds: float) -> int | None:
    """Return the exit status of a process (minus the signal that ended it), None if it runs longer."""
    process.join(seconds)
    return process.exitcode


def newest(folder: Path) -> list[Path]:
    """List checkpoints, the newest first."""
    checkpoints = [path for path in folder.glob("*.pth") if path.name.startswith(("model_", "epoch_", "iter_"))]
    return sorted(checkpoints, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def break_once(train: Train, folder: Path, fault: str, moment: float, resume: bool) -> tuple[str, bool]:
    """Train, cause the fault at a moment (in seconds), and say what happened and whether training was done."""
    limit = 100_000 if fault == FULL else None
    process = start(train, folder, resume, limit)
    status = wait(process, 600 if limit else moment)
    if status is None and process.pid:
        os.kill(process.pid, SIGNALS[fault])
        status = wait(process, 600)
    if fault.endswith("cut") and status == -signal.SIGKILL and (files := newest(folder)):
        os.truncate(files[0], int(files[0].stat().st_size * (moment % 1)))
    return OUTCOMES.get(status, f"status {status}"), status == 0


def contents(folder: Path) -> dict:
    """Read everything that a training ends with, except times."""
    last = torch.load(newest(folder)[0], weights_only=True)
    kept = {key: value for key, value in last.items() if key not in TIMES_NOT_COMPARED}
    results = folder / "results.json"
    return kept | {"results": json.loads(results.read_text()) if results.is_file() else None}


def same(one: object, other: object) -> bool:
    """Tell whether two nested contents agree in every bit."""
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def campaign(train: Train, output: Path, number: int, seed: int) -> Iterator[tuple[str, str, bool | None]]:
    """Give each fault, its outcome, and, at the end of a training, whether it equals the uninterrupted one."""
    draw = random.Random(seed)
    output.mkdir(parents=True, exist_ok=True)
    for old in (path for path in output.iterdir() if path.is_dir() and path.name.startswith(("whole", "broken"))):
        shutil.rmtree(old)
    begin = time.monotonic()
    if wait(start(train, output / "whole", False), 3600) != 0:
        raise SystemExit(f"the training that is never stopped fails: see {output / 'whole.txt'}")
    duration, expected = time.monotonic() - begin, contents(output / "whole")
    done, runs = True, 0
    for left in reversed(range(number)):
        if done:
            runs, folder = runs + 1, output / f"broken{runs}"
        fault = draw.choice([*SIGNALS, "SIGKILL", "SIGTERM", FULL])
        outcome, done = break_once(train, folder, fault, draw.uniform(0, duration), resume=folder.is_dir())
        if not done and not left:  # to the end
            done = wait(start(train, folder, True), 3600) == 0
        yield fault, outcome, same(contents(folder), expected) if done else None


def main(arguments: list[str] | None = None) -> None:
    """Run the campaign of faults, and print the outcomes as a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=100, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="seed of faults and moments")
    parser.add_argument("--output", type=Path, required=True, help="folder of the trainings and of the outcomes")
    host = parser.add_mutually_exclusive_group(required=True)
    host.add_argument("--config-file", help="a config for fast-reid")
    host.add_argument("--sod", help="a config for mmsegmentation")
    parser.add_argument("options", nargs=argparse.REMAINDER, help="KEY VALUE pairs, or KEY=VALUE for --sod")
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)  # a fork has no other threads
    train = saliency_training(args.sod, args.options) if args.sod else fastreid_training(args.config_file, args.options)
    seen: Counter[tuple[str, str]] = Counter()
    ends: list[bool] = []
    for fault, outcome, equal in campaign(train, args.output, args.faults, args.seed):
        seen[fault, outcome] += 1
        ends += [equal] if equal is not None else []
        print(f"{sum(seen.values())}: {fault}: {outcome}{'' if equal is None else f'; the same: {equal}'}", flush=True)
    table = [[fault, times, outcome] for (fault, outcome), times in sorted(seen.items())]
    print(tabulate(table, ["fault", "times", "outcome"], tablefmt="github"))
    print(f"{sum(ends)} of {len(ends)} trainings ended bit for bit like the one that was never stopped")
    content = {"faults": table, "trainings": len(ends), "the same": sum(ends)}
    (args.output / "faults.json").write_text(json.dumps(content, indent=2) + "\n")
    raise SystemExit(0 if all(ends) else 1)


if __name__ == "__main__":
    main()
