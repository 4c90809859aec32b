"""Export of a saliency network to ONNX, with all that is done to an image before and after it."""

import argparse
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from mmengine.config import DictAction
from mmseg.models import BaseSegmentor
from torch import Tensor, nn

from fastreid_mm.common.output_place import require_place
from fastreid_mm.common.smooth_pictures import smooth_pictures
from fastreid_mm.errors import InputError, require_packages
from mmseg_mm.inference import init_rgbd_model
from mmseg_mm.models.data_preprocessor import BGR_TO_RGB, RGBDDataPreProcessor

PACKAGES = ("onnx", "onnxruntime", "onnxscript")
INPUTS = ("image", "depth")
OUTPUT = "saliency"
METADATA = {
    "image": "(B, 3, H, W) float32, red, green and blue from 0 to 255",
    "depth": "(B, 1, H, W) float32 from 0, far, to 1, near",
    "saliency": "(B, 1, H, W) float32, probabilities from 0 to 1",
}
"""What inputs and output are, which the file says, too."""
TOLERANCE = 1e-4
"""The largest difference of a probability from PyTorch's, beyond what :data:`ROUNDING` explains."""
ROUNDING = 1e-5
"""What two right programs may differ by in a logit, over the largest logit of a map."""


class SaliencyGraph(nn.Module):
    """What :class:`SaliencyPredictor` does to a pair that is loaded, as tensors from end to end.

    Args:
        model: The model that :func:`init_rgbd_model` returns.

    Raises:
        InputError: The config does not resize test images to one fixed size, or tests in slides.
    """

    def __init__(self, model: BaseSegmentor) -> None:
        super().__init__()
        self.model = model
        self.size = _input_size(model)

    def forward(self, image: Tensor, depth: Tensor) -> Tensor:
        """Compute the probabilities (B, 1, H, W) of images (B, 3, H, W) with depth (B, 1, H, W), see METADATA."""
        return self.logits(image, depth).sigmoid()

    def logits(self, image: Tensor, depth: Tensor) -> Tensor:
        """Compute the same before the sigmoid."""
        stacked = torch.cat([image[:, BGR_TO_RGB], depth * 255], dim=1)  # (B, 4, H, W), as StackDepth's
        resized = _resize(stacked, self.size)
        inputs = cast(RGBDDataPreProcessor, self.model.data_preprocessor).normalize(resized)  # (B, 6, h, w)
        return _resize(self.model(inputs), image.shape[-2:])


def _resize(maps: Tensor, size: Sequence[int]) -> Tensor:
    return F.interpolate(maps, size=list(size), mode="bilinear", align_corners=False)


def _input_size(model: BaseSegmentor) -> tuple[int, int]:
    """Return the size (h, w) that the config gives test images."""
    resizes = [step for step in model.cfg.test_dataloader.dataset.pipeline if step["type"] == "Resize"]
    if len(resizes) != 1 or resizes[0].get("keep_ratio", False) or "scale" not in resizes[0]:
        raise InputError("export needs one Resize of a fixed scale in the test pipeline: keep_ratio=False")
    if model.test_cfg.get("mode", "whole") != "whole":
        raise InputError(f"export needs test_cfg.mode='whole', the config has {model.test_cfg.mode!r}")
    width, height = resizes[0]["scale"]
    return height, width


@torch.no_grad()
def export_onnx(model: BaseSegmentor, path: Path) -> float:
    """Write a network as ONNX, and compare what the file computes with what the network does.

    The file appears under its name only if both are the same.
    Batches and images may have any size. The file says of its inputs and its output what :data:`METADATA` does.

    Args:
        model: The model that :func:`init_rgbd_model` returns.
        path: The file to write.

    Returns:
        The largest difference of a probability, see :func:`unexplained`.

    Raises:
        InputError: Packages are missing, the config cannot be exported, the file cannot be written, or the difference
            is above :data:`TOLERANCE`.
    """
    require_packages("export", *PACKAGES)
    graph = SaliencyGraph(model).eval()
    if not path.absolute().parent.is_dir():
        raise InputError(f"no such folder for {path}: {path.absolute().parent}")
    unfinished = path.with_name(f".unfinished-{path.name}")
    try:
        _write(graph, unfinished)
        difference = max(_difference(graph, unfinished, _example(*size)) for size in ((1, 60, 70), (3, 50, 40)))
        if not difference <= TOLERANCE:
            raise InputError(f"{path} would differ from the network by {difference:.1e}, more than {TOLERANCE}")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return difference


def _write(graph: SaliencyGraph, path: Path) -> None:
    batch, height, width = (torch.export.Dim(name) for name in ("batch", "height", "width"))
    axes = {0: batch, 2: height, 3: width}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of names that two inputs share on purpose, and of deprecations inside.
        exported = torch.onnx.export(
            graph,
            _example(2, 50, 40),
            input_names=INPUTS,
            output_names=(OUTPUT,),
            dynamic_shapes=(axes, axes),
            dynamo=True,
            verbose=False,
        )
    program = cast(torch.onnx.ONNXProgram, exported)  # None is for the exporter of old.
    program.model.metadata_props.update(METADATA)
    program.save(path, external_data=False)


def _example(batch: int, height: int, width: int) -> tuple[Tensor, Tensor]:
    image, depth = smooth_pictures(batch, 4, (height, width), seed=batch).split((3, 1), dim=1)
    return image * 255, depth.contiguous()


def _difference(graph: SaliencyGraph, path: Path, pair: tuple[Tensor, Tensor]) -> float:
    """Return the largest difference of a probability beyond what the rounding of the largest logit explains."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, dict(zip(INPUTS, (one.numpy() for one in pair))))
    return unexplained(torch.from_numpy(found), graph.logits(*pair))


def unexplained(probabilities: Tensor, logits: Tensor) -> float:
    """Return how far probabilities are outside of what rounding may make of logits, at most.

    Args:
        probabilities: (B, 1, H, W).
        logits: Of the same shape; those of a map may be off by :data:`ROUNDING` of its largest.
    """
    slack = ROUNDING * logits.abs().amax(dim=(1, 2, 3), keepdim=True)
    low, high = (logits - slack).sigmoid(), (logits + slack).sigmoid()
    return float(torch.maximum(low - probabilities, probabilities - high).clamp_min(0).max())


def argument_parser() -> argparse.ArgumentParser:
    """Make the parser of the arguments of :func:`export`."""
    parser = argparse.ArgumentParser(description="Export a saliency network to ONNX: image and depth to soft maps.")
    parser.add_argument("config", help="a path or a shipped config's short name")
    parser.add_argument("checkpoint")
    parser.add_argument("output", type=Path, help="the file to write, M.onnx")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, metavar="KEY=VALUE", help="change the config")
    parser.add_argument(
        "--trust-checkpoint",
        action="store_true",
        help="load a checkpoint that is more than plain data, which may run any code",
    )
    return parser


def export(args: argparse.Namespace) -> None:
    """Write the file, and print what its inputs and its output are.

    Args:
        args: The arguments as :func:`argument_parser` parses them.

    Raises:
        InputError: The file does not end in ".onnx" or cannot be written; or see
            :func:`init_rgbd_model` and :func:`export_onnx`.
    """
    if args.output.suffix.lower() != ".onnx":
        raise InputError(f"{args.output} does not end in .onnx")
    require_place(args.output, "OUTPUT")
    model = init_rgbd_model(args.config, args.checkpoint, "cpu", args.trust_checkpoint, args.cfg_options)
    difference = export_onnx(model, args.output)
    print(*(f"{name}: {meaning}" for name, meaning in METADATA.items()), sep="\n")
    print(f"{args.output}: probabilities differ from PyTorch's by {difference:.1e} at most, beyond rounding")
