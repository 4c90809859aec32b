"""Time the saliency metric in one process and in several, on the same random maps, in turn.

The maps are noisy copies of random masks. The time is that of an evaluation: starting the processes, submitting every
prediction, waiting for the scores, and the summary. On a busy machine times say little; the processor time then says
how long the same work would take on idle cores.
"""

import argparse
import logging
import resource
import tempfile
import time
from pathlib import Path
from statistics import median

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


def processor_time() -> float:
    """Return the seconds spent so far by this process and its finished child processes."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def evaluate(samples: list[Sample], num_workers: int) -> tuple[float, float, dict[str, float]]:
    """Make one evaluation, and return seconds, seconds of processor time, and results."""
    metric = SODMetric(num_workers=num_workers)
    start, spent = time.perf_counter(), processor_time()
    for sample in samples:
        metric.process(None, [sample])
    results = metric.evaluate(len(samples))
    return time.perf_counter() - start, processor_time() - spent, results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--size", type=int, default=352)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()

    logging.disable(logging.INFO)
    seconds: dict[int, list[float]] = {0: [], args.workers: []}
    spent: dict[int, list[float]] = {0: [], args.workers: []}
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        samples = make_samples(Path(folder), args.images, args.size)
        for _ in range(args.repeats):
            for num_workers in seconds:
                taken, used, results[num_workers] = evaluate(samples, num_workers)
                seconds[num_workers].append(taken)
                spent[num_workers].append(used)
    for num_workers, taken in seconds.items():
        print(
            f"num_workers={num_workers}: median {median(taken):.3f} s ({min(taken):.3f} to {max(taken):.3f}), "
            f"{1000 * median(taken) / args.images:.1f} ms an image; processor {median(spent[num_workers]):.3f} s"
        )
    idle = args.workers * median(spent[0]) / median(spent[args.workers])
    ratios = [one / many for one, many in zip(*seconds.values())]
    print(
        f"{median(ratios):.2f} times as fast with {args.workers} processes (pairs: {min(ratios):.2f} to "
        f"{max(ratios):.2f}); by processor time {idle:.2f} times on as many idle cores; "
        f"results {'equal' if results[0] == results[args.workers] else 'DIFFER'}"
    )


if __name__ == "__main__":
    main()
