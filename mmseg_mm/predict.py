"""Predict the saliency map of an image with depth, or of every pair in two folders, as 8-bit PNG at the image size."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import mmcv
import numpy as np
from tqdm import tqdm

from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.saliency.image_files import read_grey
from fastreid_mm.saliency.paired_folders import PairedFolders
from fastreid_mm.saliency.write_image import require_writable_name, write_image
from mmseg_mm.inference import init_rgbd_model
from mmseg_mm.predictor import SaliencyPredictor
from mmseg_mm.side_by_side import side_by_side


class Job(NamedTuple):
    """Paths of an image, its depth map, its saliency map and the picture of them side by side."""

    image: Path
    depth: Path
    out: Path
    picture: Path


def predict(args: argparse.Namespace) -> None:
    """Write the saliency maps and, with ``--side-by-side``, the pictures.

    Args:
        args: the arguments as ``predict_parser`` of the commands parses them.

    Raises:
        InputError: a folder cannot be used, the checkpoint belongs to another model, or a pair cannot be used and
            ``--strict`` is given or there is no other. Otherwise such pairs are skipped, and listed at the end.
    """
    if args.batch_size < 1:
        raise InputError(f"--batch-size must be at least 1, got {args.batch_size}")
    todo = _jobs(args.image, args.depth, args.out)
    model = init_rgbd_model(args.config, args.checkpoint, args.device, args.trust_checkpoint, args.cfg_options)
    predictor = SaliencyPredictor(model, args.tta, args.amp, args.depth_direction, args.max_pixels)
    skipped: list[str] = []
    with tqdm(total=len(todo), unit="image") as progress:
        for batch in _batches(todo, args.batch_size):
            loaded = dict(_loaded(predictor, batch, None if args.strict else skipped))
            for job, saliency in zip(loaded, predictor.predict(list(loaded.values()))):
                _write_map(job, np.rint(saliency * 255).astype(np.uint8), args.side_by_side, args.max_pixels)
            progress.update(len(batch))
    if len(skipped) == len(todo):
        raise InputError(listed(skipped))
    if skipped:
        print(f"skipped {len(skipped)} of {len(todo)}: {listed(skipped)}", file=sys.stderr)
    beside = f", beside image and depth in {todo[0].picture.parent}" if args.side_by_side else ""
    print(printable(f"{len(todo) - len(skipped)} saliency maps in {args.out}{beside}"))


def _batches(jobs: Sequence[Job], size: int) -> Iterator[Sequence[Job]]:
    return (jobs[start : start + size] for start in range(0, len(jobs), size))


def _loaded(predictor: SaliencyPredictor, jobs: Sequence[Job], skipped: list[str] | None) -> Iterator[tuple[Job, dict]]:
    """Load each pair. One that cannot be used is added to ``skipped``, or raises its error if that is None."""
    for job in jobs:
        try:
            yield job, predictor.load(job.image, job.depth)
        except InputError as error:
            if skipped is None:
                raise
            skipped.append(str(error))


def _write_map(job: Job, saliency: np.ndarray, beside: bool, max_pixels: int) -> None:
    write_image(job.out, saliency)
    if beside:
        shown = mmcv.imread(str(job.image), backend="cv2")  # OpenCV's own function reads no names that are not UTF-8.
        write_image(job.picture, side_by_side(shown, read_grey(str(job.depth), None, max_pixels), saliency))


def _jobs(image: Path, depth: Path, out: Path) -> list[Job]:
    """Return the files to read and to write for each pair."""
    for path in (image, depth):
        if not path.exists():
            raise InputError(f"{path} does not exist")
        if out.resolve() == path.resolve():
            raise InputError(f"{out} is what is read, and would be written over: maps need another place")
    if image.is_dir() != depth.is_dir():
        raise InputError(f"{image} and {depth} must be two files or two folders")
    if not image.is_dir():
        require_writable_name(out)
        return [Job(image, depth, out, out.with_name(f"{out.stem}_side_by_side.png"))]
    folders = PairedFolders(
        "input", {"img_path": str(image), "depth_path": str(depth)}, {"img_path": None, "depth_path": None}
    )
    jobs = []
    for pair in folders.pairs():
        name = Path(pair["img_path"]).stem + ".png"
        jobs.append(Job(Path(pair["img_path"]), Path(pair["depth_path"]), out / name, out / "side_by_side" / name))
    if folders.left_out.found:
        print(folders.left_out, file=sys.stderr)
    return jobs
