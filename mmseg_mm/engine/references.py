"""Results of references beside those of a training: the untrained network, and maps that know nothing of the images."""

import json
from pathlib import Path

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from fastreid_mm.evaluation.results import write_json
from fastreid_mm.saliency.references import reference_scores
from fastreid_mm.saliency.saliency_scores import summarise
from fastreid_mm.saliency.sod_report import REFERENCES, RESULTS, table
from mmseg_mm.datasets.wrappers import innermost_dataset
from mmseg_mm.engine.work_folder import UNTRAINED


@HOOKS.register_module()
class ReferencesHook(Hook):
    """Hook that measures references on the validation sets before the first iteration, and logs all results at the end.

    They are the untrained network, whose own report is in the folder ``untrained``, all black maps, and the mean of a
    set's masks. The file is ``sod_references.json`` in the work folder, which a resumed training reads.

    Args:
        enabled: whether to do so; ``--cfg-options custom_hooks.5.enabled=True`` with the shipped configs.
    """

    def __init__(self, enabled: bool = True) -> None:
        self.enabled = enabled

    def before_train(self, runner: Runner) -> None:
        """Measure and save; a resumed training does nothing."""
        if not self.enabled or runner.iter > 0 or runner.val_loop is None:
            return
        rows = {"untrained": _untrained(runner)}
        if not is_main_process():
            return
        dataset = innermost_dataset(runner.val_dataloader.dataset)
        paths: dict[str, list[str]] = {}
        for index in range(len(dataset)):
            info = dataset.get_data_info(index)
            paths.setdefault(info["dataset_name"], []).append(info["seg_map_path"])
        for name, masks in paths.items():
            for reference, scores in reference_scores(masks).items():
                rows.setdefault(reference, {})[name] = summarise(scores)
        write_json(str(Path(runner.work_dir) / REFERENCES), rows)

    def after_train(self, runner: Runner) -> None:
        """Log the references beside the results."""
        path, trained = Path(runner.work_dir) / REFERENCES, Path(runner.log_dir) / RESULTS
        if self.enabled and is_main_process() and path.is_file() and trained.is_file():
            rows = {"trained": json.loads(trained.read_text()), **json.loads(path.read_text())}
            flat = {f"{name}, {who}": row for who, sets in rows.items() for name, row in sets.items()}
            runner.logger.info("\n" + table(dict(sorted(flat.items()))))


def _untrained(runner: Runner) -> dict[str, dict[str, float]]:
    """Test the network with a report of its own, as the validation loop does."""
    loop, folder = runner.val_loop, Path(runner.log_dir) / UNTRAINED
    metric = {**runner.cfg.val_evaluator, "save_dir": str(folder), "expected": []}
    evaluator = runner.build_evaluator(metric)
    evaluator.dataset_meta = getattr(loop.dataloader.dataset, "metainfo", None)
    training = runner.model.training
    runner.model.eval()
    with torch.no_grad():
        for batch in loop.dataloader:
            evaluator.process(data_samples=runner.model.val_step(batch), data_batch=batch)
    evaluator.evaluate(len(loop.dataloader.dataset))
    runner.model.train(training)
    return json.loads((folder / RESULTS).read_text()) if is_main_process() else {}
