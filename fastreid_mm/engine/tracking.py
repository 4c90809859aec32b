"""Tracking of a run's losses, metrics, config and results in Weights & Biases, besides TensorBoard's files."""

from pathlib import Path
from typing import Any

import yaml
from yacs.config import CfgNode

from fastreid_mm.evaluation.results import Results


class WandbRun:
    """Run of Weights & Biases, which can be configured by its environment variables.

    From its beginning to its end it records everything that is written to TensorBoard's files. A resumed training
    continues the same run, by its identifier in ``OUTPUT_DIR/wandb_run``.
    """

    def __init__(self, cfg: CfgNode, resumed: bool = False) -> None:
        import wandb  # here: nothing else needs it

        options, place = cfg.TRACKING.WANDB, Path(cfg.OUTPUT_DIR, "wandb_run")
        identifier = place.read_text() if resumed and place.is_file() else None
        self._run: Any = wandb.init(
            project=options.PROJECT,
            name=options.NAME or None,
            dir=cfg.OUTPUT_DIR,
            config=yaml.safe_load(cfg.dump()),
            id=identifier,
            resume="allow",
            sync_tensorboard=True,
        )
        self._run.define_metric("*", step_metric="global_step")  # TensorBoard's name, for charts over iterations
        place.write_text(self._run.id)

    def finish(self, results: Results) -> None:
        """Write the results, including texts, into the run's summary, and end the run."""
        for dataset, settings in results.items():
            for setting, metrics in settings.items():
                self._run.summary.update({f"{dataset}/{setting}/{name}": value for name, value in metrics.items()})
        self._run.finish()


def track_results(cfg: CfgNode, results: Results) -> None:
    """Record the results of a test without training as a new run, if ``TRACKING.WANDB`` is enabled."""
    if cfg.TRACKING.WANDB.ENABLED and results:
        WandbRun(cfg).finish(results)
