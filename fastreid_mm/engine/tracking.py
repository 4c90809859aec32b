"""Losses, metrics, config and results of a run in Weights & Biases, beside TensorBoard's files."""

from pathlib import Path
from typing import Any

from fastreid.utils.events import EventWriter, get_event_storage
from yacs.config import CfgNode

from fastreid_mm.errors import require_packages
from fastreid_mm.evaluation.results import Results

_WINDOW = 20  # iterations over which the host's writers smooth losses


def require_tracking(cfg: CfgNode) -> None:
    """Refuse ``TRACKING.WANDB.ENABLED`` where Weights & Biases is not installed.

    Raises:
        InputError: says how to install it.
    """
    if cfg.TRACKING.WANDB.ENABLED:
        require_packages("tracking", "wandb")


class WandbWriter(EventWriter):
    """Sends what the host's writers write to a run of Weights & Biases, which its own environment variables steer.

    A training that is resumed goes on in the same run, by its identifier in ``OUTPUT_DIR/wandb_run``.
    """

    def __init__(self) -> None:
        self._run: Any = None
        self._last = -1

    def start(self, cfg: CfgNode, resumed: bool = False) -> "WandbWriter":
        """Begin a run, or go on with the one before; returns the writer."""
        import wandb  # here: nothing else needs it

        options, place = cfg.TRACKING.WANDB, Path(cfg.OUTPUT_DIR, "wandb_run")
        known = place.read_text() if resumed and place.is_file() else None
        self._run = wandb.init(
            project=options.PROJECT,
            name=options.NAME or None,
            dir=cfg.OUTPUT_DIR,
            config=_plain(cfg),
            id=known,
            resume="allow",
        )
        place.write_text(self._run.id)
        return self

    def write(self) -> None:
        """Send the latest values of what is new since the last call."""
        latest = get_event_storage().latest_with_smoothing_hint(_WINDOW)
        new = {name: (value, step) for name, (value, step) in latest.items() if step > self._last}
        for step in sorted({step for _, step in new.values()}):
            self._run.log({name: value for name, (value, at) in new.items() if at == step}, step=step)
            self._last = step

    def finish(self, results: Results) -> None:
        """Put the results, texts as well, into the run's summary, and end it."""
        for dataset, settings in results.items():
            for setting, metrics in settings.items():
                self._run.summary.update({f"{dataset}/{setting}/{name}": value for name, value in metrics.items()})
        self._run.finish()


def track_results(cfg: CfgNode, results: Results) -> None:
    """A run of its own for the results of a test without training, where ``TRACKING.WANDB`` asks for one."""
    if cfg.TRACKING.WANDB.ENABLED and results:
        WandbWriter().start(cfg).finish(results)


def _plain(value: Any) -> Any:
    """A config as dicts and lists."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return list(value) if isinstance(value, tuple) else value
