"""Runs of ``tools/train_net.py``: interrupted ones go on, finished ones are not repeated."""

import json
import os
import subprocess
import sys
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from comparison.experiment import Experiment, Row

TOOLS = Path(__file__).parents[2]
CONFIGS = TOOLS.parent / "configs" / "demo"
Curve = list[dict[str, float]]
"""Metrics of a run in percent, each with the epoch after which it was measured, the last ones at the end."""
SETTINGS = "measured with"
"""Key, beside the rows of a file, of the settings that its runs share. Files without it have the default epochs."""


class Runs:
    """Runs of one experiment under ``OUTPUT/NAME``, with their metrics in ``OUTPUT/NAME.json``.

    Only that file says which runs are finished: with a copy of it another machine goes on with the rest.

    Args:
        name: the experiment's name.
        experiment: the experiment.
        output: folder of all files.
        weights: file of weights that the networks start from.
        epochs: the epochs of every row.
        threads: the threads of each run.
    """

    def __init__(
        self, name: str, experiment: Experiment, output: Path, weights: str, epochs: int, threads: int
    ) -> None:
        self.experiment, self.weights, self.epochs, self.threads = experiment, weights, epochs, threads
        self.folder, self.file = output / name, output / f"{name}.json"
        self.settings = {"epochs": epochs, "options": experiment.options, "weights": Path(weights).name}
        content = json.loads(self.file.read_text()) if self.file.is_file() else {SETTINGS: self.settings}
        self._kept = {"epochs": experiment.epochs} | content.pop(SETTINGS, {})
        self.measured: dict[str, dict[str, Curve]] = content

    def run(self, rows: Collection[str], seeds: list[int], jobs: int) -> None:
        """Make the missing runs, seed by seed, so that an interrupted comparison has all rows.

        Raises:
            SystemExit: a run failed, whose log is named, or finished runs were measured with other settings.
        """
        self._refuse_other_settings()
        self._save()  # from here on, the folders hold runs with these settings
        for again in (False, True):  # a network can be tested again after it was trained
            chosen = [row for row in rows if bool(self.experiment.rows[row].tests) == again]
            todo = [(row, seed) for seed in seeds for row in chosen if str(seed) not in self.measured.get(row, {})]
            self._run_all(todo, jobs)

    def _refuse_other_settings(self) -> None:
        for key, value in self.settings.items():
            kept = self._kept.get(key, value)
            if kept != value:
                raise SystemExit(f"{self.file} was measured with {key} {kept!r}, not {value!r}: give another --output")

    def _run_all(self, todo: list[tuple[str, int]], jobs: int) -> None:
        with ThreadPoolExecutor(jobs) as pool:
            futures = [pool.submit(self._run, row, seed) for row, seed in todo]
            try:
                for (row, seed), future in zip(todo, futures):
                    self.add(row, seed, future.result())
            finally:
                pool.shutdown(cancel_futures=True)

    def add(self, row: str, seed: int, curve: Curve) -> None:
        """Keep the metrics of a run, even if its folder is deleted."""
        self.measured.setdefault(row, {})[str(seed)] = curve
        if row == self.experiment.reference:
            self._add_references(seed)
        self._save()

    def _save(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        partial = self.file.with_suffix(".partial")
        partial.write_text(json.dumps({SETTINGS: self.settings} | self.measured, indent=1) + "\n")
        partial.replace(self.file)

    def folder_of(self, row: str, seed: int) -> Path:
        """Return the folder of a run's log, checkpoints and results."""
        return self.folder / "".join(c if c.isalnum() else "_" for c in row) / f"seed_{seed}"

    def command(self, row: str, seed: int) -> list[str]:
        """Return the command line of ``tools/train_net.py`` for a run."""
        chosen, experiment = self.experiment.rows[row], self.experiment
        steps = [round(0.75 * self.epochs)]
        values = {
            "MODEL.BACKBONE.PRETRAIN_PATH": self.weights,
            "SOLVER.MAX_EPOCH": self.epochs,
            "SOLVER.STEPS": json.dumps(steps),
            "SOLVER.CHECKPOINT_PERIOD": experiment.period,
            "TEST.EVAL_PERIOD": experiment.period,
            "TEST.RANKED_LISTS": 0,
            "TEST.REFERENCES": row == experiment.reference,
        }
        mode = "--eval-only" if chosen.tests else "--resume"
        if chosen.tests:
            values |= {"MODEL.WEIGHTS": self.folder_of(chosen.tests, seed) / "model_final.pth"}
        options = [text for key, value in values.items() for text in (key, str(value))]
        options += [*experiment.options.split(), *chosen.options.split()]
        options += ["SEED", str(seed), "OUTPUT_DIR", str(self.folder_of(row, seed))]
        config = CONFIGS / f"{chosen.config}.yml"
        return [sys.executable, str(TOOLS / "train_net.py"), mode, "--config-file", str(config), *options]

    def _run(self, row: str, seed: int) -> Curve:
        folder = self.folder_of(row, seed)
        if not (folder / "results.json").is_file():
            folder.mkdir(parents=True, exist_ok=True)
            environment = os.environ | {"OMP_NUM_THREADS": str(self.threads)}
            with (folder / "train.log").open("a") as log:
                status = subprocess.run(
                    self.command(row, seed), stdout=log, stderr=subprocess.STDOUT, check=False, env=environment
                ).returncode
            if status:
                raise SystemExit(f"{row}, seed {seed} failed: see {folder / 'train.log'}")
        return self._curve(self.experiment.rows[row], folder)

    def _curve(self, row: Row, folder: Path) -> Curve:
        """Read the tests that the trainer logged, and in any case the last one."""
        final = self._final(json.loads((folder / "results.json").read_text()))
        lines = [] if row.tests else map(json.loads, (folder / "metrics.json").read_text().splitlines())
        tests = {line["iteration"]: line for line in lines}  # iterations repeated after an interruption occur twice
        prefix = f"{self.experiment.dataset}/{self.experiment.setting}/"
        points = {
            round(iteration * self.epochs / max(tests)): {
                metric: line[prefix + metric] for metric in self.experiment.metrics
            }
            for iteration, line in tests.items()
            if prefix + self.experiment.metrics[0] in line
        } | {self.epochs: final}
        return [{"epoch": epoch, **points[epoch]} for epoch in sorted(points)]

    def _add_references(self, seed: int) -> None:
        path = self.folder_of(self.experiment.reference, seed) / "references.json"
        for name, found in json.loads(path.read_text()).items() if path.is_file() else ():
            self.measured.setdefault(name, {})[str(seed)] = [{"epoch": 0, **self._final(found)}]

    def _final(self, results: dict) -> dict[str, float]:
        metrics = results[self.experiment.dataset][self.experiment.setting]
        return {metric: metrics[metric] for metric in self.experiment.metrics}
