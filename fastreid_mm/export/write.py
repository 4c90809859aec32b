"""Export of a trained model: ``.onnx`` for ONNX Runtime and others, ``.pt2`` for PyTorch without this package."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError, listed, require_packages
from fastreid_mm.export.description import IMAGES, KEY
from fastreid_mm.export.network import ExportedNetwork, describe
from fastreid_mm.inference.trained_model import trained_model
from fastreid_mm.modeling.meta_arch.reid_model import ReIDModel
from fastreid_mm.settings.load import with_values

TOLERANCE = 1e-4
"""Largest accepted difference from PyTorch, relative to the largest value of the output."""
TINY = 1e-12
"""Value that an output of zeros is compared relative to."""

Outputs = dict[str, Tensor]
Run = Callable[[Tensor, Tensor], Outputs]


class Written(NamedTuple):
    """Result of an export."""

    network: ExportedNetwork
    difference: float
    """Largest difference from PyTorch over batches of 1 and 5, relative to the largest value of the output."""


@torch.no_grad()
def export_model(cfg: CfgNode, output: Path) -> Written:
    """Write the model of a config with the weights of ``MODEL.WEIGHTS``, and compare what it computes with PyTorch.

    The file appears under its name only if the outputs are the same.

    Args:
        cfg: the config; without weights, an untrained network is exported, with a warning.
        output: path that ends in ``.onnx`` or ``.pt2``.

    Raises:
        InputError: the path or the checkpoint cannot be used, a package is missing, or the outputs differ.
    """
    write = _writer(output)
    network = _network(cfg)
    unfinished = output.with_name(f".unfinished-{output.name}")
    try:
        difference = _difference(network, write(network, unfinished))
        if not difference <= TOLERANCE:
            raise InputError(f"{output}: its outputs differ from PyTorch's by {difference:.0e}")
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)
    return Written(network, difference)


def _network(cfg: CfgNode) -> ExportedNetwork:
    fixed: dict[str, object] = {"MODEL__DEVICE": "cpu", "MODEL__BACKBONE__PRETRAIN": False}
    if not cfg.MODEL.WEIGHTS and not cfg.MODEL.HEADS.NUM_CLASSES:
        fixed["MODEL__HEADS__NUM_CLASSES"] = 1  # HAMNet weighs by classes
    cfg = with_values(cfg, **fixed)
    model = trained_model(cfg)
    if not isinstance(model, ReIDModel):
        raise InputError(
            f"MODEL.META_ARCHITECTURE {cfg.MODEL.META_ARCHITECTURE} is not an architecture of this package"
        )
    return ExportedNetwork(model, describe(cfg, model)).eval()


def _writer(output: Path) -> Callable[[ExportedNetwork, Path], Run]:
    if output.suffix not in WRITERS:
        raise InputError(f"{output} ends in none of {listed(list(WRITERS), separator=', ')}")
    if not output.absolute().parent.is_dir():
        raise InputError(f"no such folder: {output.absolute().parent}")
    return WRITERS[output.suffix]


def _write_onnx(network: ExportedNetwork, path: Path) -> Run:
    require_packages("export", "onnx", "onnxscript", "onnxruntime")
    from onnxruntime import InferenceSession

    names = [IMAGES, network.description.second_input]
    inputs = network.example(2)
    outputs = list(network(*inputs))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*axis name", category=UserWarning)  # both are "batch", as meant
        program = torch.onnx.export(
            network,
            inputs,
            dynamo=True,  # the other exporter is deprecated, and keeps what it saw of shapes as numbers
            # not optimized: that drops the + 1e-12 under GeM's root, which matters; and runtimes optimize by themselves
            optimize=False,
            input_names=names,
            output_names=outputs,
            dynamic_shapes=_DYNAMIC,
            verbose=False,
        )
    assert program is not None
    program.model.metadata_props[KEY] = network.description.to_json()
    program.save(str(path), external_data=False)
    session = InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(*inputs: Tensor) -> Outputs:
        values = session.run(outputs, {name: value.numpy() for name, value in zip(names, inputs)})
        return {name: torch.from_numpy(value) for name, value in zip(outputs, values)}

    return run


def _write_program(network: ExportedNetwork, path: Path) -> Run:
    program = torch.export.export(network, network.example(2), dynamic_shapes=_DYNAMIC)
    with path.open("wb") as file:
        torch.export.save(program, file, extra_files={f"{KEY}.json": network.description.to_json()})
    with path.open("rb") as file:
        return torch.export.load(file).module()


def _difference(network: ExportedNetwork, run: Run) -> float:
    largest = 0.0
    for count in (1, 5):
        inputs = network.example(count, seed=count)
        expected, computed = network(*inputs), run(*inputs)
        for name, value in expected.items():
            largest = max(largest, float((computed[name] - value).abs().max() / value.abs().max().clamp_min(TINY)))
    return largest


_DYNAMIC = ({0: torch.export.Dim("batch")}, {0: torch.export.Dim("batch")})
WRITERS = {".onnx": _write_onnx, ".pt2": _write_program}
"""Functions by file name ending that write a file and return a function that runs it."""
