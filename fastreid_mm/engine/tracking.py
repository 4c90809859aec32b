"""Losses, metrics, config and results of a run in Weights & Biases, beside TensorBoard's files."""

from pathlib import Path
from typing import Any

from yacs.config import CfgNode

from fastreid_mm.common.errors import require_packages
from fastreid_mm.evaluation.results import Results


def require_tracking(cfg: CfgNode) -> None:
    """Refuse ``TRACKING.WANDB.ENABLED`` where Weights & Biases is not installed.

    Raises:
        InputError: says how to install it.
    """
    if cfg.TRACKING.WANDB.ENABLED:
        require_packages("tracking", "wandb")


class WandbRun:
    """A run of Weights & Biases, which its own environment variables steer.

    It takes what TensorBoard's files get from its beginning to its end. A training that is resumed goes on in the same
    run, by its identifier in ``OUTPUT_DIR/wandb_run``.

    Args:
        cfg: the config.
        resumed: whether to go on with the run before.
    """

    def __init__(self, cfg: CfgNode, resumed: bool = False) -> None:
        import wandb  # here: nothing else needs it

        options, place = cfg.TRACKING.WANDB, Path(cfg.OUTPUT_DIR, "wandb_run")
        known = place.read_text() if resumed and place.is_file() else None
        self._run: Any = wandb.init(
            project=options.PROJECT,
            name=options.NAME or None,
            dir=cfg.OUTPUT_DIR,
            config=_plain(cfg),
            id=known,
            resume="allow",
            sync_tensorboard=True,
        )
        self._run.define_metric("*", step_metric="global_step")  # TensorBoard's: charts over iterations
        place.write_text(self._run.id)

    def finish(self, results: Results) -> None:
        """Put the results, texts as well, into the run's summary, and end it."""
        for dataset, settings in results.items():
            for setting, metrics in settings.items():
                self._run.summary.update({f"{dataset}/{setting}/{name}": value for name, value in metrics.items()})
        self._run.finish()


def track_results(cfg: CfgNode, results: Results) -> None:
    """A run of its own for the results of a test without training, where ``TRACKING.WANDB`` asks for one."""
    if cfg.TRACKING.WANDB.ENABLED and results:
        WandbRun(cfg).finish(results)


def _plain(value: Any) -> Any:
    """A config as dicts and lists."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return list(value) if isinstance(value, tuple) else value
