"""The part of evaluation that runs in worker processes: write a map, score a map."""

import multiprocessing
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mmseg_mm.datasets.image_files import read_mask
from mmseg_mm.evaluation.saliency_scores import Scores, score_map

AHEAD = 8
"""Maps that may wait for each process: enough to keep it busy, too few to fill the memory."""


@dataclass(frozen=True)
class ScoreJob:
    """One prediction to score, to write, or both.

    Attributes:
        saliency: (H, W) float32 probabilities.
        mask_path: of the mask, or None to score nothing.
        map_path: where to write the map, or None.
    """

    saliency: np.ndarray
    mask_path: str | None
    map_path: str | None

    def run(self) -> Scores | None:
        """Do it. The map is written and scored with 8 bits, so what is on disk scores the same.

        Raises:
            InputError: the mask cannot be read.
        """
        saliency = self.saliency
        mask = None if self.mask_path is None else read_mask(self.mask_path)
        if mask is not None and mask.shape != saliency.shape:
            saliency = cv2.resize(saliency, mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
        saliency = np.rint(saliency * 255).astype(np.uint8)
        if self.map_path is not None:
            Path(self.map_path).parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(self.map_path, saliency)
        return None if mask is None else score_map(saliency, mask * np.uint8(255))


def _start_worker() -> None:
    cv2.setNumThreads(0)  # its threads do not survive a fork, and the processes are as many as wanted already


class JobPool:
    """Runs jobs in some processes, or in this one; answers come in the order of the jobs.

    Args:
        num_workers: processes; 0 runs every job at once in this one. They start at the first job, by the start method
            of the program, which mmengine sets from ``env_cfg.mp_cfg`` for its data loaders too.
    """

    def __init__(self, num_workers: int) -> None:
        self.num_workers = num_workers
        self._executor: ProcessPoolExecutor | None = None
        self._pending: list[Future] = []

    def submit(self, job: ScoreJob) -> None:
        """Hand over a job; waits while too many are under way."""
        if self.num_workers == 0:
            done: Future = Future()
            done.set_result(job.run())
            self._pending.append(done)
            return
        if self._executor is None:
            self._executor = ProcessPoolExecutor(self.num_workers, multiprocessing.get_context(), _start_worker)
        self._pending.append(self._executor.submit(job.run))
        if len(self._pending) > AHEAD * self.num_workers:
            self._pending[-AHEAD * self.num_workers - 1].result()

    def collect(self) -> list[Scores | None]:
        """Answers to all jobs since the last call; the processes end, so that none lies idle while a model trains.

        Raises:
            InputError: the first one that a job raised.
        """
        pending, self._pending = self._pending, []
        try:
            return [future.result() for future in pending]
        finally:
            if self._executor is not None:
                self._executor.shutdown(cancel_futures=True)
                self._executor = None
