"""Rows of the model page that somebody has trained: a file of numbers, and a folder with the network of each config."""

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.initial_weights import INITIAL
from fastreid_mm.common.used_folder import LAST
from fastreid_mm.common.whole_file import write_text
from fastreid_mm.papers.compare import Line
from fastreid_mm.papers.job import Job, jobs
from fastreid_mm.papers.paper import Row, Table
from fastreid_mm.papers.run import record

KEPT = ("run.json", "results.json", "log.txt")
"""Files of a run that are copied beside its packaged network."""
KEPT_SALIENCY = ("*.py", "run.json", "*/sod_results.json", "*/*.log")
"""Patterns of the files of a saliency run that are copied with its last checkpoint."""


class Submission(NamedTuple):
    """Numbers of a row by whoever trained it.

    Attributes:
        paper: name of the paper.
        table: of the table.
        row: of the row.
        seeds: seeds of its trainings.
        numbers: means over all trainings by column, in the order of the table's metrics.
        errors: their standard errors, None for one training.
        weights: what the trainings began with.
        versions: versions of the packages.
        revision: revision of this code.
        log: address of the log, to be filled in by hand.
        checkpoint: address of the model folder, likewise.
    """

    paper: str
    table: str
    row: str
    seeds: list[int]
    numbers: dict[str, list[float]]
    errors: dict[str, list[float | None]]
    weights: str
    versions: dict[str, str]
    revision: str
    log: str = ""
    checkpoint: str = ""


def submit(
    paper: str, table: Table, row: Row, lines: Sequence[Line], seeds: Sequence[int], output: Path, folder: Path
) -> list[Path]:
    """Write a row's file and its model folders.

    Args:
        paper: name of the paper.
        table: the table.
        row: one of its rows.
        lines: of the comparison, of this row.
        seeds: of the trainings.
        output: folder of the runs.
        folder: folder to write to.

    Returns:
        The file, and the model folders.

    Raises:
        InputError: a training has no results yet, or there is such a file already.
    """
    import yaml  # both hosts bring it

    missing = sum(line.expected - len(line.values) for line in lines)
    if missing or not lines:
        raise InputError(f"--submit: row {row.name!r} is not complete, {missing} numbers are not there yet")
    name = "_".join(re.sub(r"\W+", "-", part) for part in (paper, table.name, row.name))
    path = folder / f"{name}.yml"
    if path.exists():
        raise InputError(f"--submit: {path} exists already")
    trained = {name: jobs(row, table.columns[name], seeds, {})[0].training() for name in row.only}
    facts = record(next(iter(trained.values())), output)
    numbers: dict[str, list[float]] = {}
    errors: dict[str, list[float | None]] = {}
    for column in trained:
        own = [line for line in lines if line.column == table.columns[column]]
        numbers[column] = [round(line.ours, 4) for line in own if line.ours is not None]
        errors[column] = [None if line.error is None else round(line.error, 4) for line in own]
    content = Submission(
        *(paper, table.name, row.name, [*seeds], numbers, errors),
        *(str(facts.get(INITIAL, "not known")), dict(facts.get("versions", {})), str(facts.get("revision", ""))),
    )
    folders = [_model_folder(job, output, folder / name / config) for config, job in _by_config(trained).items()]
    style = {"sort_keys": False, "allow_unicode": True, "default_flow_style": None, "width": 120}
    write_text(str(path), yaml.safe_dump(content._asdict(), **style))
    return [path, *folders]


def read_submissions(folder: Path) -> list[Submission]:
    """Read all files of rows in a folder.

    Raises:
        InputError: a file lacks an entry, or has one that is not known.
    """
    import yaml  # both hosts bring it

    found = []
    for path in sorted(folder.glob("*.yml")):
        try:
            found.append(Submission(**yaml.safe_load(path.read_text(encoding="utf-8"))))
        except (TypeError, yaml.YAMLError) as error:
            raise InputError(f"{path} is no submitted row: {error}") from None
    return found


def _by_config(trained: Mapping[str, Job]) -> dict[str, Job]:
    """Return the first training of each config, by a name for its folder."""
    found: dict[str, Job] = {}
    for job in trained.values():
        found.setdefault(Path(job.config).with_suffix("").as_posix().replace("/", "_"), job)
    return found


def _model_folder(job: Job, output: Path, folder: Path) -> Path:
    run = job.folder(output)
    files = [path for pattern in (KEPT_SALIENCY if job.saliency else KEPT) for path in sorted(run.glob(pattern))]
    last = run / LAST
    if not job.saliency:
        from fastreid_mm.inference.package import package_model  # with the host, which takes seconds

        package_model(run, folder)
    elif last.is_file():
        files.append(run / Path(last.read_text(encoding="utf-8").strip()).name)
    folder.mkdir(parents=True, exist_ok=True)
    for path in files:
        shutil.copy2(path, folder / path.name)
    return folder
