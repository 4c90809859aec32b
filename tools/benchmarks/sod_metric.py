"""The saliency metric, in one process or in several, on noisy copies of random masks."""

from pathlib import Path

import cv2
import numpy as np
import torch

from mmseg_mm.evaluation import SODMetric

Sample = dict[str, object]


def make_samples(folder: Path, count: int, size: int) -> list[Sample]:
    """Make masks on disk and predictions in memory, as an evaluator gets them."""
    rng = np.random.default_rng(0)
    samples = []
    for number in range(count):
        smooth = cv2.GaussianBlur(rng.standard_normal((size, size)).astype(np.float32), (0, 0), size / 12)
        mask = smooth > np.quantile(smooth, 0.8)
        path = str(folder / f"{number}.png")
        cv2.imwrite(path, mask.astype(np.uint8) * 255)
        noise = cv2.GaussianBlur(rng.standard_normal((size, size)).astype(np.float32), (0, 0), size / 30)
        saliency = 1 / (1 + np.exp(-(4 * mask - 2 + 40 * noise)))
        data = {"data": torch.from_numpy(saliency.astype(np.float32))[None]}
        samples.append({"img_path": path, "seg_map_path": path, "seg_logits": data, "dataset_name": "random"})
    return samples


def evaluate(samples: list[Sample], num_workers: int) -> dict[str, float]:
    """Make one evaluation: start the processes, submit every prediction, wait for the scores, and summarize."""
    metric = SODMetric(num_workers=num_workers)
    for sample in samples:
        metric.process(None, [sample])
    return metric.evaluate(len(samples))
