"""Runs of an experiment, none of which is done again."""

import json
from collections.abc import Collection
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import torch
from yacs.config import CfgNode

import fastreid_mm.methods  # noqa: F401  registers what configs name
from comparison.experiment import Experiment, Row
from comparison.frozen import cached_maps
from comparison.training import build_above, test, train
from fastreid_mm.common.random_streams import seeded
from fastreid_mm.common.whole_file import write_text
from fastreid_mm.settings.load import load_config

CONFIGS = Path(__file__).parents[3] / "configs"
Measured = dict[str, dict[str, dict[str, float]]]
"""Row to seed to metrics in percent, losses of the last epoch, and the length of the features."""
SETTINGS = "measured with"
"""Key, beside the rows of a file, of the settings that its runs share."""


class Runs:
    """The runs of one experiment, and what they reached in ``OUTPUT/NAME.json``.

    That file alone says what is done, and how: with a copy of it another machine goes on with the rest.

    Args:
        name: the experiment's.
        experiment: what is trained.
        output: folder of everything.
        weights: file that the networks start from.
    """

    def __init__(self, name: str, experiment: Experiment, output: Path, weights: str) -> None:
        self.experiment, self.weights, self.output = experiment, weights, output
        self.file = output / f"{name}.json"
        shared = {key: getattr(experiment, key) for key in ("epochs", "frozen", "views", "options")}
        self.settings = shared | {"weights": Path(weights).name}
        content = json.loads(self.file.read_text()) if self.file.is_file() else {SETTINGS: self.settings}
        self._kept = content.pop(SETTINGS)
        self.measured: Measured = content

    def run(self, rows: Collection[str], seeds: list[int], jobs: int) -> None:
        """Run what is not done, seed by seed, so that whatever is cut short has all rows.

        Raises:
            SystemExit: what is done was measured with other settings.
        """
        for key, value in self.settings.items():
            if self._kept[key] != value:
                raise SystemExit(f"{self.file} was measured with {key} {self._kept[key]!r}, not {value!r}")
        trained = [row for row in rows if not self.experiment.rows[row].tests]
        todo = [(row, seed) for seed in seeds for row in trained if str(seed) not in self.measured.get(row, {})]
        with ProcessPoolExecutor(jobs, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            futures = [pool.submit(self.reached, row, seed) for row, seed in todo]
            try:
                for future in as_completed(futures):
                    self.add(*future.result())
            finally:
                pool.shutdown(cancel_futures=True)

    def add(self, seed: int, reached: dict[str, dict[str, float]]) -> None:
        """Keep what a network reached in its own row and in those that test it once more."""
        for row, metrics in reached.items():
            self.measured.setdefault(row, {})[str(seed)] = {key: round(value, 4) for key, value in metrics.items()}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_text(str(self.file), json.dumps({SETTINGS: self.settings} | self.measured, indent=1) + "\n")

    def reached(self, row: str, seed: int) -> tuple[int, dict[str, dict[str, float]]]:
        """Train the network of a row, and test it in this row and in those that test it once more."""
        experiment, cfg = self.experiment, self.config(self.experiment.rows[row], seed)
        with seeded(0, 0, 0):
            maps = cached_maps(cfg, experiment.frozen, experiment.views, self.output / "cache")
        model = build_above(cfg, maps, experiment.frozen)
        losses = train(cfg, model, maps) if cfg.SOLVER.MAX_EPOCH else {}
        found = {row: test(cfg, model, maps, experiment.setting) | losses}
        for name, other in experiment.rows.items():
            if other.tests == row:
                cfg = self.config(other, seed)
                tested = build_above(cfg, maps, experiment.frozen)
                tested.load_state_dict(model.state_dict(), strict=False)
                found[name] = test(cfg, tested, maps, experiment.setting)
        return seed, found

    def config(self, row: Row, seed: int) -> CfgNode:
        """Make the config of a run."""
        epochs = self.experiment.epochs if row.epochs is None else row.epochs
        options = [*self.experiment.options.split(), *row.options.split()]
        values = {"MODEL.BACKBONE.PRETRAIN_PATH": self.weights, "SEED": seed, "SOLVER.MAX_EPOCH": epochs}
        values |= {"MODEL.DEVICE": "cpu", "DATALOADER.NUM_WORKERS": 0}
        options += [str(word) for pair in values.items() for word in pair]
        cfg = load_config(CONFIGS / f"{row.config}.yml", options)
        cfg.freeze()
        return cfg
