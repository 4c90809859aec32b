"""Predict the saliency map of an image with depth, or of every pair in two folders, as 8-bit PNG at the image size."""

import argparse
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from tqdm import tqdm

from fastreid_mm.errors import InputError
from mmseg_mm.datasets.image_files import read_grey
from mmseg_mm.datasets.paired_folders import PairedFolders
from mmseg_mm.datasets.transforms.load_depth import DIRECTIONS
from mmseg_mm.inference import inference_rgbd, init_rgbd_model
from mmseg_mm.side_by_side import side_by_side

Job = tuple[Path, Path, Path, Path]
"""The paths of the image, the depth map, the saliency map and the picture beside each other."""


def argument_parser() -> argparse.ArgumentParser:
    """Make the parser of the arguments of :func:`predict`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image", type=Path, help="a file or a folder")
    parser.add_argument("depth", type=Path, help="likewise; files of a pair share their name up to the suffix")
    parser.add_argument("out", type=Path, help="likewise")
    parser.add_argument("--config", required=True, help="a path or a shipped config's short name")
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--device", default="cpu")
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
    return parser


def predict(args: argparse.Namespace) -> None:
    """Write the saliency maps and, if they are asked for, the pictures beside each other.

    Args:
        args: The arguments as :func:`argument_parser` parses them.

    Raises:
        InputError: A file or folder cannot be used, or the checkpoint belongs to another model.
    """
    todo = _jobs(args.image, args.depth, args.out)
    model = init_rgbd_model(args.config, args.checkpoint, args.device, args.trust_checkpoint)
    for image, depth, out, picture in tqdm(todo, unit="image"):
        saliency = np.rint(inference_rgbd(model, image, depth, args.depth_direction) * 255).astype(np.uint8)
        _write(out, saliency)
        if args.side_by_side:
            # The prediction has read the same file, so it is an image.
            shown = cast(np.ndarray, cv2.imread(str(image)))
            _write(picture, side_by_side(shown, read_grey(str(depth)), saliency))


def _jobs(image: Path, depth: Path, out: Path) -> list[Job]:
    """Return the files to read and to write for each pair."""
    if image.is_dir() != depth.is_dir():
        raise InputError(f"{image} and {depth} must be two files or two folders")
    if not image.is_dir():
        return [(image, depth, out, out.with_name(f"{out.stem}_side_by_side.png"))]
    pairs = PairedFolders(
        "input", {"img_path": str(image), "depth_path": str(depth)}, {"img_path": None, "depth_path": None}
    ).samples()
    jobs = []
    for pair in pairs:
        name = Path(pair["img_path"]).stem + ".png"
        jobs.append((Path(pair["img_path"]), Path(pair["depth_path"]), out / name, out / "side_by_side" / name))
    return jobs


def _write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.suffix or not cv2.imwrite(str(path), image):
        raise InputError(f"cannot write {path}: is it the name of an image?")
