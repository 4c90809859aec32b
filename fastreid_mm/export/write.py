"""Export of a trained model: ``.onnx`` for ONNX Runtime and others, ``.pt2`` for PyTorch without this package."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from timm.models.hiera import MaskUnitAttention
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError, first_line, listed, require_packages
from fastreid_mm.common.onnx_description import KEY
from fastreid_mm.common.onnx_precision import TOLERANCES, require_opset, set_precision
from fastreid_mm.common.onnx_session import open_session
from fastreid_mm.export.description import IMAGES
from fastreid_mm.export.network import ExportedNetwork, describe
from fastreid_mm.inference.trained_model import trained_model
from fastreid_mm.modeling.meta_arch.reid_model import ReIDModel
from fastreid_mm.settings.load import with_values

UNFINISHED = ".unfinished-"
"""Beginning of a file's name before it is compared."""
TINY = 1e-12
"""Value that an output of zeros is compared relative to."""

Outputs = dict[str, Tensor]
Run = Callable[[Tensor, Tensor], Outputs]


class Written(NamedTuple):
    """Result of an export."""

    network: ExportedNetwork
    difference: float
    """Largest difference from PyTorch over batches of 1 and 5, or two of the fixed size, relative to the largest value
    of the output."""
    run: Run
    """Function that runs the file, with as many threads as PyTorch."""


@torch.no_grad()
def export_model(
    cfg: CfgNode, output: Path, precision: str = "float32", opset: int | None = None, batch_size: int = 0
) -> Written:
    """Write the model of a config with the weights of ``MODEL.WEIGHTS``, and compare what it computes with PyTorch.

    The file appears under its name only if the outputs are the same, up to the rounding of its precision.

    Args:
        cfg: the config; without weights, an untrained network is exported, with a warning.
        output: path that ends in ``.onnx`` or ``.pt2``.
        precision: "float32", or of ONNX "float16" or "int8", see :func:`set_precision`.
        opset: version of ONNX's operator set; PyTorch's choice if None.
        batch_size: number of images of every batch; any if 0.

    Raises:
        InputError: the path or the checkpoint cannot be used, a package is missing, or the outputs differ.
    """
    write = _writer(output, precision, opset)
    network = _network(cfg, precision)
    unfinished = output.with_name(f"{UNFINISHED}{output.name}")
    try:
        run = write(network, unfinished, opset, batch_size)
        difference = _difference(network, run, batch_size)
        if not difference <= TOLERANCES[precision]:
            raise InputError(f"{output}: its outputs differ from PyTorch's by {difference:.0e}")
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)
    return Written(network, difference, run)


def _network(cfg: CfgNode, precision: str) -> ExportedNetwork:
    fixed: dict[str, object] = {"MODEL__DEVICE": "cpu", "MODEL__BACKBONE__PRETRAIN": False}
    if not cfg.MODEL.WEIGHTS and not cfg.MODEL.HEADS.NUM_CLASSES:
        fixed["MODEL__HEADS__NUM_CLASSES"] = 1  # HAMNet weighs by classes
    cfg = with_values(cfg, **fixed)
    model = trained_model(cfg)
    if not isinstance(model, ReIDModel):
        raise InputError(
            f"MODEL.META_ARCHITECTURE {cfg.MODEL.META_ARCHITECTURE} is not an architecture of this package"
        )
    for module in model.modules():
        if isinstance(module, MaskUnitAttention):
            cast(Any, module).fused_attn = False  # it is of five dimensions, for which ONNX has no operator
    return ExportedNetwork(model, describe(cfg, model, precision)).eval()


def _writer(output: Path, precision: str, opset: int | None) -> Callable[[ExportedNetwork, Path, int | None, int], Run]:
    if output.suffix not in WRITERS:
        raise InputError(f"{output} ends in none of {listed(list(WRITERS), separator=', ')}")
    if not output.absolute().parent.is_dir():
        raise InputError(f"no such folder: {output.absolute().parent}")
    if output.suffix != ".onnx" and (precision != "float32" or opset):
        raise InputError(f"{output}: only .onnx has a precision or an operator set to choose")
    return WRITERS[output.suffix]


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """Refuse what the exporter cannot convert with what its pages of advice come from."""
    try:
        yield
    except torch.onnx.errors.OnnxExporterError as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        name = path.name.removeprefix(UNFINISHED)
        raise InputError(f"{name}: PyTorch cannot convert the network: {first_line(cause)}") from None


def _write_onnx(network: ExportedNetwork, path: Path, opset: int | None, batch_size: int) -> Run:
    require_packages("export", "onnx", "onnxscript", "onnxruntime")
    names = [IMAGES, network.description.second_input]
    inputs = network.example(batch_size or 2)
    outputs = list(network(*inputs))
    with warnings.catch_warnings(), _one_line(path):
        warnings.filterwarnings("ignore", message=".*axis name", category=UserWarning)  # both are "batch", as meant
        program = torch.onnx.export(
            network,
            inputs,
            dynamo=True,  # the other exporter is deprecated, and keeps what it saw of shapes as numbers
            # not optimized: that drops the + 1e-12 under GeM's root, which matters; and runtimes optimize by themselves
            optimize=False,
            input_names=names,
            output_names=outputs,
            dynamic_shapes=None if batch_size else _DYNAMIC,
            opset_version=opset,
            verbose=False,
        )
    assert program is not None
    require_opset(program, opset)
    program.model.metadata_props[KEY] = network.description.to_json()
    program.save(str(path), external_data=False)
    set_precision(path, network.description.precision)
    session = open_session(path, threads=torch.get_num_threads())

    def run(*inputs: Tensor) -> Outputs:
        values = session.run(outputs, {name: value.numpy() for name, value in zip(names, inputs)})
        return {name: torch.from_numpy(value) for name, value in zip(outputs, values)}

    return run


def _write_program(network: ExportedNetwork, path: Path, opset: int | None, batch_size: int) -> Run:
    shapes = None if batch_size else _DYNAMIC
    program = torch.export.export(network, network.example(batch_size or 2), dynamic_shapes=shapes)
    with path.open("wb") as file:
        torch.export.save(program, file, extra_files={f"{KEY}.json": network.description.to_json()})
    with path.open("rb") as file:
        return torch.export.load(file).module()


def _difference(network: ExportedNetwork, run: Run, batch_size: int) -> float:
    largest = 0.0
    for seed in (1, 5):
        inputs = network.example(batch_size or seed, seed)
        expected, computed = network(*inputs), run(*inputs)
        for name, value in expected.items():
            largest = max(largest, float((computed[name] - value).abs().max() / value.abs().max().clamp_min(TINY)))
    return largest


_DYNAMIC = ({0: torch.export.Dim("batch")}, {0: torch.export.Dim("batch")})
WRITERS = {".onnx": _write_onnx, ".pt2": _write_program}
"""Functions by file name ending that write a file and return a function that runs it."""
