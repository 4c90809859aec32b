"""Predict the saliency map of an image with depth, or of every pair in two folders, as 8-bit PNG at the image size."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import mmcv
import numpy as np
from mmengine.config import DictAction
from tqdm import tqdm

from fastreid_mm.errors import InputError, listed
from mmseg_mm.datasets.image_files import add_max_pixels, read_grey
from mmseg_mm.datasets.paired_folders import PairedFolders
from mmseg_mm.datasets.transforms.load_depth import DIRECTIONS
from mmseg_mm.inference import init_rgbd_model
from mmseg_mm.predictor import SaliencyPredictor
from mmseg_mm.side_by_side import side_by_side
from mmseg_mm.write_image import require_writable_name, write_image


class Job(NamedTuple):
    """The paths of an image, its depth map, its saliency map and the picture of them beside each other."""

    image: Path
    depth: Path
    out: Path
    picture: Path


def argument_parser() -> argparse.ArgumentParser:
    """Make the parser of the arguments of :func:`predict`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image", type=Path, help="a file or a folder")
    parser.add_argument("depth", type=Path, help="likewise; files of a pair share their name up to the suffix")
    parser.add_argument("out", type=Path, help="likewise")
    parser.add_argument("--config", required=True, help="a path or a shipped config's short name")
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch-size", type=int, default=1, help="how many go through the network together")
    parser.add_argument("--tta", action="store_true", help="average the maps over the views of tta_pipeline")
    parser.add_argument("--amp", action="store_true", help="compute in bfloat16 where that is accurate enough")
    parser.add_argument("--strict", action="store_true", help="stop at a pair that cannot be used, do not skip it")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, metavar="KEY=VALUE", help="change the config")
    parser.add_argument("--depth-direction", choices=DIRECTIONS, help="if not as the config says")
    parser.add_argument(
        "--side-by-side",
        action="store_true",
        help="also write image, depth and map beside each other: map_side_by_side.png, or in maps/side_by_side",
    )
    parser.add_argument(
        "--trust-checkpoint",
        action="store_true",
        help="load a checkpoint that is more than plain data, which may run any code",
    )
    add_max_pixels(parser)
    return parser


def predict(args: argparse.Namespace) -> None:
    """Write the saliency maps and, if they are asked for, the pictures beside each other.

    Args:
        args: The arguments as :func:`argument_parser` parses them.

    Raises:
        InputError: A folder cannot be used, the checkpoint belongs to another model, or a pair cannot be used and
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


def _batches(jobs: Sequence[Job], size: int) -> Iterator[Sequence[Job]]:
    return (jobs[start : start + size] for start in range(0, len(jobs), size))


def _loaded(predictor: SaliencyPredictor, jobs: Sequence[Job], skipped: list[str] | None) -> Iterator[tuple[Job, dict]]:
    """Yield each pair as it was loaded. One that cannot be used is added to ``skipped``, or raises its error."""
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
        shown = mmcv.imread(str(job.image), backend="cv2")  # OpenCV's own reads no names that are not UTF-8.
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
