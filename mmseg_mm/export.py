"""Export of a saliency network to ONNX, with the steps before and after it."""

import argparse
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from mmseg.models import BaseSegmentor
from torch import Tensor, nn

from fastreid_mm.common.errors import InputError, require_packages
from fastreid_mm.common.onnx_description import KEY
from fastreid_mm.common.onnx_precision import TOLERANCES, require_opset, set_precision
from fastreid_mm.common.onnx_session import open_session
from fastreid_mm.common.output_place import require_place
from fastreid_mm.common.smooth_pictures import smooth_pictures
from fastreid_mm.common.version import VERSION
from fastreid_mm.saliency.onnx_description import IMAGE, OUTPUT, SaliencyDescription
from mmseg_mm.models.data_preprocessor import BGR_TO_RGB, RGBDDataPreProcessor
from mmseg_mm.second_modality import loading_step, second_modality
from mmseg_mm.trained_model import init_rgbd_model

PACKAGES = ("onnx", "onnxruntime", "onnxscript")
COLOURS = "(B, 3, H, W) float32, red, green and blue from 0 to 255"
SECOND = {"depth": "(B, 1, H, W) float32 from 0, far, to 1, near", "thermal": COLOURS}
"""Descriptions of the second input, by modality."""
ROUNDING = 1e-5
"""Difference of a logit that rounding may cause, relative to the largest logit of a map."""


class SaliencyGraph(nn.Module):
    """Prediction of :class:`SaliencyPredictor` for a loaded pair, on tensors from end to end.

    Args:
        model: the model that :func:`init_rgbd_model` returns.

    Raises:
        InputError: the config does not resize test images to one fixed size, or tests in slides.
    """

    def __init__(self, model: BaseSegmentor) -> None:
        super().__init__()
        self.model = model
        self.size = _input_size(model)
        self.modality = second_modality(model.cfg.test_dataloader.dataset.pipeline)

    @property
    def descriptions(self) -> dict[str, str]:
        """Descriptions of the inputs and of the output by name, which are also in the file."""
        return {
            IMAGE: COLOURS,
            self.modality: SECOND[self.modality],
            OUTPUT: "(B, 1, H, W) float32, probabilities from 0 to 1",
        }

    def description(self, precision: str) -> SaliencyDescription:
        """Describe how the second input is made, for a file of a precision."""
        step = dict(loading_step(self.model.cfg.test_dataloader.dataset.pipeline) or {})
        loading = {key: one for key, one in step.items() if key not in ("type", "backend_args")}
        return SaliencyDescription(self.modality, loading, VERSION, precision)

    def example(self, batch: int, height: int, width: int) -> tuple[Tensor, Tensor]:
        """Draw smooth inputs of a batch, by a seed."""
        channels = 1 if self.modality == "depth" else 3
        image, second = smooth_pictures(batch, 3 + channels, (height, width), seed=batch).split((3, channels), dim=1)
        return image * 255, second.contiguous() * (1 if self.modality == "depth" else 255)

    def forward(self, image: Tensor, second: Tensor) -> Tensor:
        """Compute the probabilities (B, 1, H, W) of images with their second modality, see :attr:`descriptions`."""
        return self.logits(image, second).sigmoid()

    def logits(self, image: Tensor, second: Tensor) -> Tensor:
        """Compute the logits of these probabilities."""
        other = second * 255 if self.modality == "depth" else second[:, BGR_TO_RGB]
        stacked = torch.cat([image[:, BGR_TO_RGB], other], dim=1)  # (B, 4 or 6, H, W), as the transforms stack
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
def export_onnx(
    model: BaseSegmentor, path: Path, precision: str = "float32", opset: int | None = None, batch_size: int = 0
) -> float:
    """Write a network as ONNX, and compare the outputs of the file with those of the network.

    The file appears under its name only if both are the same, up to the rounding of its precision. Images may have any
    size. The file contains the descriptions of its inputs and output, :attr:`SaliencyGraph.descriptions`.

    Args:
        model: the model that :func:`init_rgbd_model` returns.
        path: the file to write.
        precision: "float32", "float16" or "int8", see :func:`set_precision`.
        opset: version of ONNX's operator set; PyTorch's choice if None.
        batch_size: number of images of every batch; any if 0.

    Returns:
        The largest difference of a probability, see :func:`unexplained`.

    Raises:
        InputError: packages are missing, the config cannot be exported, the file cannot be written, or the difference
            is above that of the precision in :data:`TOLERANCES`.
    """
    require_packages("export", *PACKAGES)
    graph = SaliencyGraph(model).eval()
    if not path.absolute().parent.is_dir():
        raise InputError(f"no such folder for {path}: {path.absolute().parent}")
    unfinished = path.with_name(f".unfinished-{path.name}")
    try:
        _write(graph, unfinished, precision, opset, batch_size)
        sizes = ((batch_size or 1, 60, 70), (batch_size or 3, 50, 40))
        difference = _difference(graph, unfinished, [graph.example(*size) for size in sizes])
        if not difference <= (accepted := TOLERANCES[precision]):
            raise InputError(f"{path} would differ from the network by {difference:.1e}, more than {accepted}")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return difference


def _write(graph: SaliencyGraph, path: Path, precision: str, opset: int | None, batch_size: int) -> None:
    batch, height, width = (torch.export.Dim(name) for name in ("batch", "height", "width"))
    axes = {2: height, 3: width} | ({} if batch_size else {0: batch})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Two inputs share names, and deprecated functions are used.
        exported = torch.onnx.export(
            graph,
            graph.example(batch_size or 2, 50, 40),
            input_names=list(graph.descriptions)[:2],
            output_names=(OUTPUT,),
            dynamic_shapes=(axes, axes),
            opset_version=opset,
            dynamo=True,
            verbose=False,
        )
    program = cast(torch.onnx.ONNXProgram, exported)  # Only the old exporter returns None.
    require_opset(program, opset)
    program.model.metadata_props.update({**graph.descriptions, KEY: graph.description(precision).to_json()})
    program.save(path, external_data=False)
    set_precision(path, precision)


def _difference(graph: SaliencyGraph, path: Path, pairs: Sequence[tuple[Tensor, Tensor]]) -> float:
    """Return the largest difference of a probability beyond what the rounding of the largest logit explains."""
    session = open_session(path)
    feeds = (dict(zip(graph.descriptions, (one.numpy() for one in pair))) for pair in pairs)
    found = [torch.from_numpy(session.run(None, feed)[0]) for feed in feeds]
    return max(unexplained(one, graph.logits(*pair)) for one, pair in zip(found, pairs))


def unexplained(probabilities: Tensor, logits: Tensor) -> float:
    """Return how far probabilities are, at most, outside of the range that the rounding of logits allows.

    Args:
        probabilities: (B, 1, H, W).
        logits: the logits (B, 1, H, W), which rounding may change by :data:`ROUNDING` of the largest one in a map.
    """
    slack = ROUNDING * logits.abs().amax(dim=(1, 2, 3), keepdim=True)
    low, high = (logits - slack).sigmoid(), (logits + slack).sigmoid()
    return float(torch.maximum(low - probabilities, probabilities - high).clamp_min(0).max())


def export(args: argparse.Namespace) -> None:
    """Write the file, and print the descriptions of its inputs and output.

    Args:
        args: the arguments as ``export_parser`` of the commands parses them.

    Raises:
        InputError: the file does not end in ".onnx" or cannot be written; or see
            :func:`init_rgbd_model` and :func:`export_onnx`.
    """
    if args.output.suffix.lower() != ".onnx":
        raise InputError(f"{args.output} does not end in .onnx")
    if args.fixed_batch < 0:
        raise InputError(f"--fixed-batch {args.fixed_batch} is negative")
    require_place(args.output, "OUTPUT")
    model = init_rgbd_model(args.config, args.checkpoint, "cpu", args.trust_checkpoint, args.cfg_options)
    difference = export_onnx(model, args.output, args.precision, args.opset, args.fixed_batch)
    print(*(f"{name}: {meaning}" for name, meaning in SaliencyGraph(model).descriptions.items()), sep="\n")
    print(f"{args.output}: probabilities differ from PyTorch's by {difference:.1e} at most, beyond rounding")
