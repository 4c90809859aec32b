"""Precision and operator set of ONNX files: float32 as exported, float16, or weights of 8 bits."""

import logging
from pathlib import Path
from typing import Any

from fastreid_mm.common.errors import InputError

TOLERANCES = {"float32": 1e-4, "float16": 1e-2, "int8": 0.5}
"""Precisions, each with the largest accepted difference from PyTorch's float32, relative to the largest output."""
LEAST_OPSET = 18
"""Oldest operator set that PyTorch's exporter writes by itself."""
_IN_FLOAT32 = ("Pow", "ReduceMean", "ReduceSum")
"""Operators that float16 overflows in: generalized-mean pooling cubes activations, means begin with a sum."""


def require_opset(program: Any, opset: int | None) -> None:
    """Refuse a program of another operator set than was asked for, which PyTorch writes if it cannot write that.

    Args:
        program: the ``torch.onnx.ONNXProgram``.
        opset: the version of the operator set; None for any.

    Raises:
        InputError: names both versions.
    """
    written = program.model.opset_imports[""]
    if opset not in (None, written):
        raise InputError(f"--opset {opset}: this PyTorch cannot write it, the nearest that it can is {written}")


def set_precision(path: Path, precision: str) -> None:
    """Change the precision of a float32 ONNX file in place; inputs and outputs keep their types.

    float16 halves all tensors. int8 stores weights in 8 bits and quantizes activations when the network runs, by the
    range of each batch. Both begin with ONNX Runtime's basic optimizations: weights that are computed from constants
    are then constants, and can be converted.

    Args:
        path: the file.
        precision: one of :data:`TOLERANCES`.
    """
    if precision == "float32":
        return
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process
    from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16

    quant_pre_process(path, path, skip_symbolic_shape=True)
    if precision == "float16":
        blocked = [*DEFAULT_OP_BLOCK_LIST, *_IN_FLOAT32]
        onnx.save(convert_float_to_float16(onnx.load(path), keep_io_types=True, op_block_list=blocked), path)
        return
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # it advises to do what was done
    try:
        quantize_dynamic(path, path, weight_type=QuantType.QUInt8)  # convolutions have no fast kernel of signed ones
    finally:
        root.setLevel(level)
