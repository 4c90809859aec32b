"""Record of a training beside its checkpoints."""

import json
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import get_world_size, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from fastreid_mm.common.initial_weights import INITIAL, NOT_PRETRAINED, RANDOM
from fastreid_mm.common.run_record import checksum, run_record, samples_checksum
from fastreid_mm.evaluation.results import write_json
from fastreid_mm.saliency.load_thermal import ThermalLoader
from mmseg_mm.datasets.wrappers import innermost_dataset

NOT_OF_THE_RUN = ("work_dir", "resume", "load_from", "launcher", "experiment_name", "visualizer")
"""Keys in which two runs of the same config may differ."""


@HOOKS.register_module()
class RunRecordHook(Hook):
    """Hook that writes ``run.json`` into the work folder: the facts that must be equal for the same numbers.

    It has the keys of fast-reid trainings: ``versions``, ``revision``, ``seed``, ``deterministic``, checksums of
    ``config`` and ``data``, ``device`` and ``processes``, and ``thermal_range`` where the training has thermal images.
    """

    def before_train(self, runner: Runner) -> None:
        """Write the record, and log it."""
        if not is_main_process():
            return
        record = run_record(
            "mmengine",
            "mmsegmentation",
            seed=runner.seed,
            deterministic=runner.deterministic,
            config=config_checksum(runner.cfg),
            data={"train": data_checksum(runner)},
            device=str(next(runner.model.parameters()).device),
            processes=get_world_size(),
            **thermal_range(runner),
        ) | {INITIAL: initial_weights(runner)}
        if record[INITIAL] == RANDOM:
            runner.logger.warning(f"model.backbone.init_cfg None: {NOT_PRETRAINED}")
        write_json(str(Path(runner.work_dir) / "run.json"), record)
        runner.logger.info(f"Run: {json.dumps(record)}")

    def after_run(self, runner: Runner) -> None:
        """Log the folder in which everything is, as the last line of a training or a test."""
        runner.logger.info(f"Saved in {runner.work_dir}")


def initial_weights(runner: Runner) -> str:
    """Name the weights that a training begins with: a file, an address of the backbone's, or "random"."""
    init = (runner.cfg.model.get("backbone") or {}).get("init_cfg") or {}
    return str(runner.cfg.get("load_from") or init.get("checkpoint") or RANDOM).split("/")[-1]


def config_checksum(config: Config) -> str:
    """Compute the SHA-256 of a config without its output folder and other keys of a single run."""
    kept = {key: value for key, value in config.to_dict().items() if key not in NOT_OF_THE_RUN}
    return checksum(json.dumps(kept, sort_keys=True, default=str))


def thermal_range(runner: Runner) -> dict[str, object]:
    """Return what becomes black and white of thermal images of more than 8 bits, by training set if that differs."""
    dataset = innermost_dataset(runner.train_dataloader.dataset)
    loader = getattr(dataset, "loader", None)
    if not isinstance(loader, ThermalLoader):
        return {}
    samples = (dataset.get_data_info(index) for index in range(len(dataset)))
    ranges = {one["dataset_name"]: list(one["thermal_range"]) for one in samples if "thermal_range" in one}
    own: dict[str, object] = {"of": loader.value_range, "percentiles": loader.percentiles}
    return {"thermal_range": ranges or own}


def data_checksum(runner: Runner) -> str:
    """Compute the SHA-256 of the list of training samples, with paths below the data root."""
    dataset = innermost_dataset(runner.train_dataloader.dataset)
    samples = [dataset.get_data_info(index) for index in range(len(dataset))]
    return samples_checksum(json.dumps(samples, sort_keys=True, default=str), str(dataset.data_root or ""))
