"""Salient object detection metrics for mmengine's evaluators."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger, print_log
from mmseg.registry import METRICS

from fastreid_mm.errors import InputError, listed
from mmseg_mm.evaluation.saliency_scores import Scores, summarise
from mmseg_mm.evaluation.score_job import JobPool, ScoreJob
from mmseg_mm.evaluation.sod_report import save_images, save_report, table


@METRICS.register_module()
class SODMetric(BaseMetric):
    """S-measure, F-measure, E-measure, weighted F-measure and MAE, by PySODMetrics, for each data set.

    A prediction is scored at its mask's own size, bilinearly resized if it has another one, with 8 bits. The numbers
    are those of PySODMetrics called by hand, the same for any number of processes. A mask without any object is
    scored as PySODMetrics does and named in a warning.

    Returned are ``sod/SET/Sm``, ``maxFm``, ``meanFm``, ``adpFm``, ``maxEm``, ``meanEm``, ``adpEm``, ``wFm`` and
    ``MAE``, between 0 and 1, and under ``sod/mean`` their means over the sets, for a checkpoint hook's ``save_best``
    (with a ``rule``). ``sod_results.json`` and ``sod_curves.npz`` (precision, recall, F and E over the thresholds) are
    written to ``save_dir``, and a plot of the curves, ``sod_curves.png``.

    Args:
        num_workers: processes that score while the model predicts; 0 scores in this one.
        dataset_name: of samples that carry none, for data sets other than ours.
        save_dir: default the folder of the runner's log file; nothing is saved where there is neither.
        output_dir: where to write the maps, ``SET/NAME.png``; mmsegmentation's ``test.py --out`` sets it.
        keep_results: also write every image's own numbers, ``sod_images.json``; ``test.py --out`` sets it too.
        format_only: write the maps and score nothing, for images without masks.
        collect_device, prefix: of mmengine's ``BaseMetric``.

    Raises:
        InputError: ``num_workers`` is negative, or ``format_only`` has no ``output_dir``; on use, a sample has no mask
            or no name of its set, or its prediction is not one channel of probabilities.
    """

    default_prefix = "sod"
    results: list[Any]

    def __init__(
        self,
        num_workers: int = 0,
        dataset_name: str | None = None,
        save_dir: str | None = None,
        output_dir: str | None = None,
        keep_results: bool = False,
        format_only: bool = False,
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device, prefix)
        if num_workers < 0:
            raise InputError(f"num_workers must not be negative, got {num_workers}")
        if format_only and output_dir is None:
            raise InputError("format_only=True needs an output_dir to write the maps to")
        self.dataset_name = dataset_name
        self.save_dir = save_dir
        self.output_dir = output_dir
        self.keep_results = keep_results
        self.format_only = format_only
        self._pool = JobPool(num_workers)

    def process(self, data_batch: object, data_samples: Sequence[Mapping]) -> None:
        """Hand every prediction to the processes.

        Args:
            data_batch: not used.
            data_samples: with ``seg_logits`` holding probabilities (1, H, W), ``img_path``, ``seg_map_path`` and
                ``dataset_name``.
        """
        for sample in data_samples:
            name = sample.get("dataset_name", self.dataset_name)
            if name is None:
                raise InputError(
                    f"{sample['img_path']}: no dataset_name, name it in meta_keys of PackSegInputs or "
                    "give SODMetric one"
                )
            self._pool.submit(self._job(name, sample))
            self.results.append((name, sample.get("seg_map_path") or sample["img_path"]))

    def _job(self, name: str, sample: Mapping) -> ScoreJob:
        path = sample["img_path"]
        mask_path = None if self.format_only else sample.get("seg_map_path")
        if mask_path is None and not self.format_only:
            raise InputError(f"{path} has no mask to score against; format_only=True writes maps only")
        map_path = self.output_dir and str(Path(self.output_dir, name, Path(path).stem + ".png"))
        return ScoreJob(_probabilities(sample, path), mask_path, map_path)

    def evaluate(self, size: int) -> dict[str, float]:
        """Wait for the processes, then do as the host does."""
        self.results = [(*key, scores) for key, scores in zip(self.results, self._pool.collect())]
        return super().evaluate(size)

    def compute_metrics(self, results: Sequence[tuple[str, str, Scores]]) -> dict[str, float]:
        """Log the table, save the report.

        Args:
            results: name of the set, path and scores of every image.

        Returns:
            ``SET/METRIC``: value, with "mean" for the mean over the sets.
        """
        if self.format_only:
            return {}
        by_set: dict[str, list[Scores]] = {}
        for name, _, scores in results:
            by_set.setdefault(name, []).append(scores)
        rows = {name: summarise(members) for name, members in by_set.items()}
        empty = [path for _, path, scores in results if scores.empty_mask]
        if empty:
            print_log(f"{len(empty)} masks are all black: {listed(empty, separator=', ')}", "current", logging.WARNING)
        print_log("\n" + table(rows), "current")
        self._save(rows, by_set, results)
        mean = {metric: float(np.mean([row[metric] for row in rows.values()])) for metric in next(iter(rows.values()))}
        return {
            f"{name}/{metric}": value for name, row in {**rows, "mean": mean}.items() for metric, value in row.items()
        }

    def _save(self, rows: Mapping, by_set: Mapping, results: Sequence[tuple[str, str, Scores]]) -> None:
        folder = self.save_dir or _log_folder()
        if folder is None:
            return
        save_report(Path(folder), rows, by_set)
        if self.keep_results:
            save_images(Path(folder), {path: scores.numbers for _, path, scores in results})


def _probabilities(sample: Mapping, path: str) -> np.ndarray:
    """A sample's saliency map, (H, W) float32."""
    saliency = sample["seg_logits"]["data"].detach().float().cpu().numpy()
    if saliency.ndim != 3 or saliency.shape[0] != 1:
        raise InputError(f"{path}: seg_logits are {saliency.shape}, one channel is needed")
    low, high = saliency.min(), saliency.max()
    if not (low >= 0 and high <= 1):  # true for NaN
        raise InputError(f"{path}: seg_logits lie between {low:.3g} and {high:.3g}, probabilities are needed")
    return saliency[0]


def _log_folder() -> Path | None:
    """Where the runner of this process writes its log."""
    for handler in MMLogger.get_current_instance().handlers:
        if isinstance(handler, logging.FileHandler):
            return Path(handler.baseFilename).parent
    return None
