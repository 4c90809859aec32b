"""ONNX files opened for use, those of others, too."""

from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from fastreid_mm.common.errors import InputError, first_line, require_packages
from fastreid_mm.common.onnx_external_data import require_own_data

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


def open_session(
    path: str | PathLike, providers: Sequence[str] = ("CPUExecutionProvider",), threads: int = 0
) -> "InferenceSession":
    """Open an ONNX file with ONNX Runtime.

    Args:
        path: the file.
        providers: ONNX Runtime's execution providers, of which the first available one is used.
        threads: number of threads that an operator is computed with; 0 leaves it to ONNX Runtime.

    Raises:
        InputError: the file is missing, no ONNX or keeps tensors in other files; or ONNX Runtime is not installed.
    """
    require_packages("export", "onnxruntime")
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = threads
    path = fspath(path)
    if not Path(path).is_file():
        raise InputError(f"{path} does not exist")
    require_own_data(path)
    try:
        return InferenceSession(path, options, providers=list(providers))
    except Exception as error:  # ONNX Runtime raises many kinds of errors
        raise InputError(f"{path} cannot be run: {first_line(error)}") from None
