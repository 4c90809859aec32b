"""Metrics of salient object detection for mmengine's evaluators."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger, print_log
from mmseg.registry import METRICS

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.expected_results import require_form, require_reached
from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.saliency.saliency_scores import Scores, doubts, summarise
from fastreid_mm.saliency.score_job import JobPool, ScoreJob
from fastreid_mm.saliency.sod_report import save_images, save_report, table

EXPECTED = "test_evaluator.expected"
"""Config key of results that a test must reach."""


@METRICS.register_module()
class SODMetric(BaseMetric):
    """S-measure, F-measure, E-measure, weighted F-measure and MAE of each data set, computed by PySODMetrics.

    A prediction is scored with 8 bits at the size of its mask, to which it is resized bilinearly if needed. The numbers
    equal those of PySODMetrics itself for any number of processes. A mask without any salient object is scored as
    PySODMetrics does, and named in a warning, as are masks of other values than 0 and 255 or 0 and 1, see
    :func:`binary_mask`.

    The metrics are ``sod/SET/Sm``, ``maxFm``, ``meanFm``, ``adpFm``, ``maxEm``, ``meanEm``, ``adpEm``, ``wFm`` and
    ``MAE``, between 0 and 1. Their means over the data sets are under ``sod/mean``, for the ``save_best`` of a
    checkpoint hook (with a ``rule``). The metrics (``sod_results.json``), precision, recall, F-measure and E-measure
    over the thresholds (``sod_curves.json``), and a plot of these curves (``sod_curves.png``) are written to
    ``save_dir``.

    Args:
        num_workers: the number of processes that score while the model predicts. With 0 the current process scores.
        dataset_name: the data set of samples without a ``dataset_name``, which other data sets than
            :class:`RGBDSODDataset` have.
        save_dir: the folder of the results, by default that of the runner's log file. Without either, nothing is saved.
        output_dir: the folder to write the maps to, as ``SET/NAME.png``. mmsegmentation's ``test.py --out`` sets it.
        keep_results: whether to write the numbers of every image, too (``sod_images.json``). ``test.py --out`` sets it.
        format_only: whether to write the maps without scoring them, for images without masks.
        round_first: whether a prediction of another size than its mask is rounded to 8 bits before it is resized, as by
            tools that score maps from files.
        expected: results that must be reached, ``[data set, metric, value, tolerance]`` each, between 0 and 1.
        collect_device, prefix: arguments of mmengine's ``BaseMetric``.

    Raises:
        InputError: ``num_workers`` is negative, or ``format_only`` has no ``output_dir``. On use, a sample has no mask
            or no ``dataset_name``, or its prediction is not one channel of probabilities; or, after all is
            saved, an expected result is missed.
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
        round_first: bool = False,
        expected: Sequence[Sequence] = (),
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device, prefix)
        if format_only and output_dir is None:
            raise InputError("format_only=True needs an output_dir to write the maps to")
        self.dataset_name, self.save_dir, self.output_dir = dataset_name, save_dir, output_dir
        self.keep_results, self.format_only, self.round_first = keep_results, format_only, round_first
        require_form(EXPECTED, expected, ("data set", "metric"))
        self.expected = expected
        self._pool = JobPool(num_workers)

    def process(self, data_batch: object, data_samples: Sequence[Mapping]) -> None:
        """Submit every prediction to the worker processes.

        Args:
            data_batch: this is not used.
            data_samples: the samples, with probabilities (1, H, W) in ``seg_logits``, ``img_path``, ``seg_map_path``
                and ``dataset_name``.
        """
        for sample in data_samples:
            name = sample.get("dataset_name", self.dataset_name)
            if name is None:
                raise InputError(
                    f"{sample['img_path']}: no dataset_name, name it in meta_keys of PackSegInputs or "
                    "give SODMetric one"
                )
            self._pool.submit(self._job(name, sample).run)
            self.results.append((name, sample.get("seg_map_path") or sample["img_path"]))

    def _job(self, name: str, sample: Mapping) -> ScoreJob:
        path = sample["img_path"]
        mask_path = None if self.format_only else sample.get("seg_map_path")
        if mask_path is None and not self.format_only:
            raise InputError(f"{path} has no mask to score against; format_only=True writes maps only")
        map_path = self.output_dir and str(Path(self.output_dir, name, Path(path).stem + ".png"))
        saliency = _probabilities(sample, path)
        # as large as the mask, whose size the data set has bounded
        return ScoreJob(saliency, mask_path, map_path, max(MAX_PIXELS, saliency.size), self.round_first)

    def evaluate(self, size: int) -> dict[str, float]:
        """Wait for the worker processes, then evaluate as mmengine does."""
        self.results = [(*key, scores) for key, scores in zip(self.results, self._pool.collect())]
        return super().evaluate(size)

    def compute_metrics(self, results: Sequence[tuple[str, str, Scores]]) -> dict[str, float]:
        """Log the table of results, and save the report.

        Args:
            results: the name of the data set, the path and the scores of every image.

        Returns:
            The metrics under ``SET/METRIC``, in which the set "mean" stands for the mean over the data sets.
        """
        if self.format_only:
            return {}
        by_set: dict[str, list[Scores]] = {}
        for name, _, scores in results:
            by_set.setdefault(name, []).append(scores)
        rows = {name: summarise(members) for name, members in by_set.items()}
        for line in [line for name, members in by_set.items() for line in doubts(name, members)]:
            print_log(line, "current", logging.WARNING)
        print_log("\n" + table(rows), "current")
        self._save(rows, by_set, results)
        require_reached(EXPECTED, self.expected, rows, digits=4)
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
    """Return the saliency map of a sample, (H, W) float32."""
    saliency = sample["seg_logits"]["data"].detach().float().cpu().numpy()
    if saliency.ndim != 3 or saliency.shape[0] != 1:
        raise InputError(f"{path}: seg_logits are {saliency.shape}, one channel is needed")
    low, high = saliency.min(), saliency.max()
    if not (low >= 0 and high <= 1):  # This holds for NaN, too.
        raise InputError(f"{path}: seg_logits lie between {low:.3g} and {high:.3g}, probabilities are needed")
    return saliency[0]


def _log_folder() -> Path | None:
    """Return the folder of the log file of the runner, or None if there is none."""
    for handler in MMLogger.get_current_instance().handlers:
        if isinstance(handler, logging.FileHandler):
            return Path(handler.baseFilename).parent
    return None
