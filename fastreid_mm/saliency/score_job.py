"""Writing and scoring saliency maps in worker processes."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace

import cv2
import numpy as np

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.saliency.image_files import look_at_mask, read_map
from fastreid_mm.saliency.saliency_scores import Scores, score_map
from fastreid_mm.saliency.write_image import write_image

AHEAD = 8
"""Number of maps that may wait for each process: enough to keep it busy, too few to fill the memory."""


@dataclass(frozen=True)
class ScoreJob:
    """Saliency map to be scored, written, or both.

    Attributes:
        saliency: the probabilities (H, W), float32.
        mask_path: the path of the mask, or None if the map is not scored.
        map_path: the path to write the map to, or None if it is not written.
        max_pixels: the largest number of pixels of the mask's file.
        round_first: whether a map of another size is rounded before it is resized, too, as tools that read files do.
    """

    saliency: np.ndarray
    mask_path: str | None
    map_path: str | None
    max_pixels: int = MAX_PIXELS
    round_first: bool = False

    def run(self) -> Scores | None:
        """Write and score the map, both with 8 bits, so that the file has the same scores.

        Returns:
            The scores, or None if there is no mask.

        Raises:
            InputError: the mask cannot be read, or the map cannot be written.
        """
        saliency = self.saliency
        mask, remark = (None, "") if self.mask_path is None else look_at_mask(self.mask_path, None, self.max_pixels)
        if mask is not None and mask.shape != saliency.shape:
            saliency = _resized(saliency, mask.shape, self.round_first)
        saliency = np.rint(saliency * 255).astype(np.uint8)
        if self.map_path is not None:
            write_image(self.map_path, saliency)
        if mask is None:
            return None
        return replace(score_map(saliency, mask * np.uint8(255)), remarks=(remark,) if remark else ())


def _resized(saliency: np.ndarray, size: tuple[int, ...], round_first: bool) -> np.ndarray:
    """Resize probabilities (H, W); OpenCV rounds what it interpolates between 8-bit numbers."""
    values = np.rint(saliency * 255).astype(np.uint8) if round_first else saliency
    resized = cv2.resize(values, size[::-1], interpolation=cv2.INTER_LINEAR)
    return resized / np.float32(255) if round_first else resized


def score_file(map_path: str, mask_path: str, max_pixels: int = MAX_PIXELS, round_first: bool = False) -> Scores | None:
    """Score a saliency map in a file as a prediction is, at the size of its mask; see :class:`ScoreJob`.

    Raises:
        InputError: a file cannot be read, or has more than ``max_pixels``.
    """
    saliency, remark = read_map(map_path, max_pixels)
    scores = ScoreJob(saliency, mask_path, None, max_pixels, round_first).run()
    return replace(scores, remarks=(*scores.remarks, f"map {remark}")) if scores and remark else scores


def _start_worker() -> None:
    cv2.setNumThreads(0)  # OpenCV's threads do not survive a fork, and there are processes enough.


class JobPool:
    """Pool that runs jobs in worker processes or the current one, and returns their scores in the order of the jobs.

    Args:
        num_workers: the number of processes; with 0 every job runs immediately in the current process. The processes
            start at the first job, by the start method of the program, which mmengine sets from ``env_cfg.mp_cfg`` for
            its data loaders, too.

    Raises:
        InputError: ``num_workers`` is negative.
    """

    def __init__(self, num_workers: int) -> None:
        if num_workers < 0:
            raise InputError(f"num_workers must not be negative, got {num_workers}")
        self.num_workers = num_workers
        self._executor: ProcessPoolExecutor | None = None
        self._pending: list[Future] = []

    def submit(self, job: Callable[[], Scores | None]) -> None:
        """Submit a job, and wait if too many are pending."""
        if self.num_workers == 0:
            done: Future = Future()
            done.set_result(job())
            self._pending.append(done)
            return
        if self._executor is None:
            self._executor = ProcessPoolExecutor(self.num_workers, multiprocessing.get_context(), _start_worker)
        self._pending.append(self._executor.submit(job))
        if len(self._pending) > AHEAD * self.num_workers:
            self._pending[-AHEAD * self.num_workers - 1].result()

    def collect(self) -> list[Scores | None]:
        """Return the scores of all jobs since the last call.

        The processes end, so that none is idle while a model trains.

        Raises:
            InputError: a job raised it; the first such error is raised.
        """
        pending, self._pending = self._pending, []
        try:
            return [future.result() for future in pending]
        finally:
            if self._executor is not None:
                self._executor.shutdown(cancel_futures=True)
                self._executor = None
