"""Runs that a row consists of, and the commands that make them."""

import hashlib
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from fastreid_mm.papers.paper import Column, Keys, Row


class Job(NamedTuple):
    """A training, or a test of one.

    Attributes:
        config: short name of the config.
        keys: keys of the training.
        seed: seed of the training.
        trial: number of the split, 0 for a set without trials.
        test: keys of a test of the trained network; empty for the training itself.
    """

    config: str
    keys: Keys
    seed: int
    trial: int = 0
    test: Keys = {}

    @property
    def saliency(self) -> bool:
        """Tell whether mmsegmentation trains it, and not fast-reid."""
        return self.config.endswith(".py")

    def training(self) -> "Job":
        """Return the training that a test is of."""
        return self._replace(test={})

    def folder(self, output: Path) -> Path:
        """Return the folder of its results; rows that are the same training share it."""
        name = Path(self.config).with_suffix("").as_posix().replace("/", "-") + _mark(self.keys)
        place = output / name / (f"trial_{self.trial}" if self.trial else "") / f"seed_{self.seed}"
        return place / f"test{_mark(self.test)}" if self.test else place

    def command(self, output: Path) -> list[str]:
        """Return the words of the installed command that makes it."""
        folder = str(self.folder(output))
        if self.saliency:
            options = [f"{key}={value}" for key, value in {**self.keys, "randomness.seed": self.seed}.items()]
            return ["mmseg-mm-train", self.config, "--work-dir", folder, "--resume", "--cfg-options", *options]
        trial = {"DATASETS.REGDB.TRIAL": self.trial} if self.trial else {}
        words = ["fastreid-mm-train", "--config-file", self.config]
        if self.test:
            weights = {"MODEL.WEIGHTS": self.training().folder(output) / "model_final.pth"}
            given = {**self.keys, **self.test, **trial, **weights, "OUTPUT_DIR": folder}
            return [*words, "--eval-only", *key_words(given)]
        return [*words, "--resume", *key_words({**self.keys, **trial, "SEED": self.seed, "OUTPUT_DIR": folder})]


def jobs(row: Row, column: Column, seeds: Sequence[int], more: Keys) -> list[Job]:
    """List the runs whose results are a row's numbers in a column, a training before its test.

    Args:
        row: a row that can be run.
        column: one of its table's columns.
        seeds: every run is made with each.
        more: further keys of every training, of which each host gets its own.
    """
    config = column.config.format(method=row.method)
    own = {key: value for key, value in more.items() if key.isupper() != column.shares}
    keys, test = {**column.keys, **row.keys, **own}, {**column.test, **row.test}
    trials = range(1, column.trials + 1) if column.trials > 1 else (0,)
    trainings = [Job(config, keys, seed, trial) for seed in seeds for trial in trials]
    return [job for each in trainings for job in ((each, each._replace(test=test)) if test else (each,))]


def key_words(keys: Keys) -> list[str]:
    """Return keys and values in turn, as a command line of fast-reid has them."""
    return [word for key, value in keys.items() for word in (key, str(value))]


def shell(words: Sequence[str]) -> str:
    """Return a command as it is typed."""
    return " ".join(map(shlex.quote, words))


def _mark(keys: Keys) -> str:
    """Return a mark of keys for a folder's name; nothing without keys."""
    return "-" + hashlib.sha256(json.dumps(keys, sort_keys=True).encode()).hexdigest()[:8] if keys else ""
