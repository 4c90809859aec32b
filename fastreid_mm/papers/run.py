"""Runs of jobs, one after the other, and their results."""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastreid_mm.common.stopping import STOPPED
from fastreid_mm.papers.job import Job, shell

Results = Mapping[str, Mapping[str, float]]
"""Metrics by data set and setting, or by data set of saliency."""
MAIN = {
    "fastreid-mm-train": "from fastreid_mm.commands.train import main; main()",
    "mmseg-mm-train": "from fastreid_mm.commands.saliency import train; train()",
}
"""Entry points by the command's name, which need not be on the path, as in a checkout."""
STOPS = (STOPPED, -signal.SIGTERM, -signal.SIGINT, -signal.SIGKILL)
"""Statuses of a run that was stopped, after which nothing else is begun."""


def run_jobs(jobs: Sequence[Job], output: Path) -> list[str]:
    """Make every job that has no results yet; what fails is told, and does not keep the others.

    Args:
        jobs: trainings and tests, each test after its training.
        output: the folder that all their folders are in.

    Returns:
        A line for each job that failed.

    Raises:
        SystemExit: with the status of a run that was stopped.
    """
    failed: dict[Path, str] = {}
    for number, job in enumerate(jobs, 1):
        folder = job.folder(output)
        if results(job, output) is not None:
            print(f"[{number}/{len(jobs)}] {folder}: there already", flush=True)
        elif job.test and job.training().folder(output) in failed:
            failed[folder] = f"{folder}: its training failed"
        else:
            print(f"[{number}/{len(jobs)}] {shell(job.command(output))}", flush=True)
            status = _run(job.command(output))
            if status in STOPS:
                raise SystemExit(STOPPED)
            if results(job, output) is None:
                failed[folder] = f"{folder}: ended with status {status} and no results"
    return list(failed.values())


def _run(words: Sequence[str]) -> int:
    """Run a command in a process that is told to stop when this one is, and return its status."""
    process = subprocess.Popen([sys.executable, "-c", MAIN[words[0]], *words[1:]])
    before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        return process.wait()
    except KeyboardInterrupt:  # which the terminal has sent to both
        process.wait()
        return STOPPED
    finally:
        signal.signal(signal.SIGTERM, before)


def results(job: Job, output: Path) -> Results | None:
    """Read the results of a job; None if there are none yet."""
    folder = job.folder(output)
    if job.saliency:  # the newest start that came to its end
        files = sorted(folder.glob("*/sod_results.json"))
        return _read(files[-1]) if files else None
    path = folder / "results.json"
    if not path.is_file():
        return None
    return {
        f"{name}/{setting}": values for name, settings in _read(path).items() for setting, values in settings.items()
    }


def record(job: Job, output: Path) -> Mapping[str, Any]:
    """Read the facts that a training has recorded in ``run.json``; empty if it has none."""
    path = job.training().folder(output) / "run.json"
    return _read(path) if path.is_file() else {}


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
