"""Predict the saliency map of an image with its second modality, or of every pair in two folders, at the image size."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.grey_range import own_range, to_grey
from fastreid_mm.saliency.binary_map import binary_map, cut_out
from fastreid_mm.saliency.image_files import read_as_stored, read_colours, read_values
from fastreid_mm.saliency.pair_predictor import PairPredictor
from fastreid_mm.saliency.predict_jobs import Job, Names, find_jobs
from fastreid_mm.saliency.side_by_side import side_by_side
from fastreid_mm.saliency.write_image import write_image


def predict(args: argparse.Namespace, make_predictor: Callable[[], PairPredictor]) -> None:
    """Write the saliency maps and, with ``--side-by-side``, ``--binary`` and ``--cut-out``, further pictures.

    Args:
        args: the arguments as ``predict_parser`` of the commands parses them.
        make_predictor: makes the predictor, once the files of all pairs are known.

    Raises:
        InputError: a folder cannot be used, the predictor cannot be made, or a pair cannot be used and
            ``--strict`` is given or there is no other. Otherwise such pairs are skipped, and listed at the end.
    """
    if args.batch_size < 1:
        raise InputError(f"--batch-size must be at least 1, got {args.batch_size}")
    todo = find_jobs(args.image, args.second, args.out, Names(args.image_suffix, args.second_suffix, args.map_suffix))
    predictor = make_predictor()
    if args.second is None:
        print(f"no {predictor.modality}: {args.missing:g} of its range takes its place in every pixel", file=sys.stderr)
    skipped: list[str] = []
    with tqdm(total=len(todo), unit="image") as progress:
        for batch in _batches(todo, args.batch_size):
            loaded = dict(_loaded(predictor, batch, None if args.strict else skipped))
            for job, saliency in zip(loaded, predictor.predict(list(loaded.values()))):
                _write(job, np.rint(saliency * 255).astype(np.uint8), args, predictor.modality)
            progress.update(len(batch))
    if len(skipped) == len(todo):
        raise InputError(listed(skipped))
    if skipped:
        print(f"skipped {len(skipped)} of {len(todo)}: {listed(skipped)}", file=sys.stderr)
    kinds = {"side_by_side": args.side_by_side, "binary": args.binary is not None, "cut_out": args.cut_out}
    more = [str(todo[0].beside(kind)) for kind, wanted in kinds.items() if wanted]
    beside = f", further pictures such as {' and '.join(more)}" if more else ""
    print(printable(f"{len(todo) - len(skipped)} saliency maps in {args.out}{beside}"))


def _batches(jobs: Sequence[Job], size: int) -> Iterator[Sequence[Job]]:
    return (jobs[start : start + size] for start in range(0, len(jobs), size))


def _loaded(predictor: PairPredictor, jobs: Sequence[Job], skipped: list[str] | None) -> Iterator[tuple[Job, dict]]:
    """Load each pair. One that cannot be used is added to ``skipped``, or raises its error if that is None."""
    for job in jobs:
        try:
            yield job, predictor.load(job.image, job.second)
        except InputError as error:
            if skipped is None:
                raise
            skipped.append(str(error))


def _write(job: Job, saliency: np.ndarray, args: argparse.Namespace, modality: str) -> None:
    """Write a saliency map and the further pictures that the arguments ask for."""
    write_image(job.out, saliency)
    if args.binary is None and not args.cut_out and not args.side_by_side:
        return
    image = read_colours(job.image)
    alpha = saliency
    if args.binary is not None:
        alpha = binary_map(saliency, args.binary)
        write_image(job.beside("binary"), alpha)
    if args.cut_out:
        write_image(job.beside("cut_out"), cut_out(image, alpha))
    if args.side_by_side:
        write_image(
            job.beside("side_by_side"), side_by_side(image, _second(job, image, args.max_pixels, modality), saliency)
        )


def _second(job: Job, image: np.ndarray, max_pixels: int, modality: str) -> np.ndarray | None:
    return None if job.second is None else second_picture(job.second, image, max_pixels, modality)


def second_picture(path: str | Path, image: np.ndarray, max_pixels: int, modality: str) -> np.ndarray:
    """Read a second modality for a picture, at the size of the image: (H, W) of depth, (H, W, 3) if it is thermal.

    Args:
        path: the file.
        image: the image (H, W, 3).
        max_pixels: largest number of pixels of the file.
        modality: "depth" or "thermal".

    Raises:
        InputError: the file cannot be used.
    """
    if modality == "depth":
        second = np.nan_to_num(read_values(str(path), None, max_pixels))
    else:
        second, _ = read_as_stored(str(path), None, max_pixels)
    if second.shape[:2] != image.shape[:2]:
        second = cv2.resize(second, image.shape[1::-1])
    if modality == "thermal" and second.ndim == 2:
        second = np.dstack([to_grey(second, *own_range(second))] * 3)
    return second
