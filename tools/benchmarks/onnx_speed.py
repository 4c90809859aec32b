#!/usr/bin/env python
"""Time an exported network under ONNX Runtime and under PyTorch, in turn, with the same noise images and threads.

python tools/benchmarks/onnx_speed.py --config-file configs/demo/cmtr.yml [--batch-sizes 1 16] [KEY VALUE ...]
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from onnxruntime import InferenceSession, SessionOptions

from fastreid_mm.common.errors import one_line_errors
from fastreid_mm.export.network import ExportedNetwork
from fastreid_mm.export.write import export_model
from fastreid_mm.settings.load import load_config


def session_of(path: Path, provider: str = "CPUExecutionProvider") -> InferenceSession:
    """Open a session with as many threads as PyTorch."""
    options = SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    return InferenceSession(str(path), options, providers=[provider])


def seconds(compute: Callable[[], object]) -> float:
    start = time.perf_counter()
    compute()
    return time.perf_counter() - start


@torch.no_grad()
def compare(network: ExportedNetwork, session: InferenceSession, count: int, repeats: int) -> None:
    """Print the median times of both and of their ratios, over repeats that take turns."""
    inputs = network.example(count)
    feed = {put.name: value.numpy() for put, value in zip(session.get_inputs(), inputs)}
    pairs = [(seconds(lambda: network(*inputs)), seconds(lambda: session.run(None, feed))) for _ in range(repeats + 1)][
        1:
    ]  # the first run of each allocates buffers
    ratios = sorted(ours / theirs for ours, theirs in pairs)
    torch_time, onnx_time = (median(times) for times in zip(*pairs))
    print(
        f"batch of {count}: PyTorch {1000 * torch_time:.1f} ms, ONNX Runtime {1000 * onnx_time:.1f} ms, {repeats} "
        f"pairs; PyTorch takes {median(ratios):.2f} times as long ({ratios[0]:.2f} to {ratios[-1]:.2f})",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config-file", required=True)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("opts", nargs=argparse.REMAINDER, metavar="KEY VALUE")
    args = parser.parse_args()
    with one_line_errors(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        written = export_model(load_config(args.config_file, args.opts), path)
        size, description = path.stat().st_size / 2**20, written.network.description
        print(
            f"{description.architecture}, {description.size[0]} x {description.size[1]}: {size:.0f} MiB, "
            f"differs from PyTorch by {written.difference:.0e} of the largest value, "
            f"{torch.get_num_threads()} thread(s)"
        )
        session = session_of(path)
        for count in args.batch_sizes:
            compare(written.network, session, count, args.repeats)


if __name__ == "__main__":
    main()
