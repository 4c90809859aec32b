#!/usr/bin/env python
"""Measure in less than eight minutes on one GPU what only a GPU can show, and save it as JSON.

    python tools/benchmarks/gpu.py [--output gpu.json] [--methods AGW CMTR] [--minutes 6.5] [--device cpu --tiny]

Every method at the size of its paper, with random weights and images: speed, memory and the share of the machine's
products that a training step reaches, in float16 and bfloat16, compiled and not; read-backs in a step; 50 finite steps;
the same losses twice; features, evaluation, NCCL with one process and ONNX on the device. The file is written after
each part, and names the parts that failed, or that were left out because the minutes were over.
"""

import argparse
import json
import math
import os
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import onnxruntime
import torch
import torch.distributed as dist
from fastreid.modeling import build_model
from fastreid.utils.events import EventStorage
from large_gallery import make_sides
from step import METHODS, TINY, RandomBatches, build_step, config_of
from torch.nn.parallel import DistributedDataParallel
from torch.utils.flop_counter import FlopCounterMode
from yacs.config import CfgNode

from fastreid_mm.common.costs import seconds_of
from fastreid_mm.common.errors import one_line_errors
from fastreid_mm.common.onnx_session import open_session
from fastreid_mm.common.run_record import run_record
from fastreid_mm.common.whole_file import write_text
from fastreid_mm.engine.setup import set_deterministic
from fastreid_mm.engine.step import TrainingStep
from fastreid_mm.evaluation import pairwise_distance
from fastreid_mm.evaluation.benchmarks import Market
from fastreid_mm.export.write import export_model
from fastreid_mm.modeling.tested_network import TestedNetwork

HALVES = ("bfloat16", "float16")
CUDA = "CUDAExecutionProvider"


class Report:
    """Results of parts by name, in a file that is written after each.

    Args:
        path: the file.
        seconds: time after whose end no part is begun.
    """

    def __init__(self, path: Path, seconds: float) -> None:
        self._path, self._start, self._seconds = path, time.perf_counter(), seconds
        self.found: dict[str, Any] = {}

    def part(self, name: str, measure: Callable[[], Any]) -> None:
        """Measure a part, or say why it has no result; nothing that fails ends the others."""
        taken = time.perf_counter() - self._start
        if taken > self._seconds:
            result: Any = {"left out": f"the time was over after {taken:.0f} s"}
        else:
            try:
                result = measure()
            except Exception as error:
                result = {"failed": f"{type(error).__name__}: {str(error)[:500]}"}
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
        self.found[name] = result
        write_text(self._path, json.dumps(self.found, indent=1))
        print(f"{time.perf_counter() - self._start:4.0f} s  {name}: {json.dumps(result)}", flush=True)


def peaks(device: str, size: int) -> dict[str, float]:
    """Measure the products of square matrices, in FLOP/s, by precision."""
    found = {}
    for dtype in ("float32", *HALVES):
        a = torch.rand(size, size, device=device, dtype=getattr(torch, dtype))
        multiply = partial(torch.matmul, a, a)
        multiply()
        found[dtype] = 2 * size**3 / median(seconds_of(multiply) for _ in range(10))
    return found


def half_precision(cfg: CfgNode, dtype: str) -> CfgNode:
    """Copy a config, and let it train in mixed precision."""
    cfg = cfg.clone()
    cfg.merge_from_list(["SOLVER.AMP.ENABLED", True, "SOLVER.AMP.DTYPE", dtype])
    return cfg


def run(step: TrainingStep, count: int) -> tuple[list[float], list[float]]:
    """Make training steps, and return the sums of losses and the seconds of each."""
    totals, write = [], TrainingStep._write_metrics

    def keep(losses: dict, data_time: float) -> None:
        totals.append(sum(losses.values()).detach())
        write(step, losses, data_time)

    step._write_metrics = keep
    with EventStorage(0):
        seconds = [seconds_of(step.run_step) for _ in range(count)]
    return [total.item() for total in totals], seconds


def train(cfg: CfgNode, dtype: str, compiled: bool, steps: int, peak: float) -> dict[str, Any]:
    """Train a method for some steps: speed, memory, share of the peak, losses, and read-backs of one more step."""
    cuda = cfg.MODEL.DEVICE == "cuda"
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    step = build_step(half_precision(cfg, dtype), compiled)
    losses, seconds = run(step, steps)
    usual = median(seconds[len(seconds) // 5 :])  # the first ones prepare kernels
    found = {
        "images/s": cfg.SOLVER.IMS_PER_BATCH / usual,
        "first step, s": seconds[0],
        "peak memory, GiB": torch.cuda.max_memory_allocated() / 2**30 if cuda else None,
        "finite steps": sum(map(math.isfinite, losses)),
        "first and last loss": [losses[0], losses[-1]],
        "read-backs": read_backs(step) if cuda else "counted on a GPU only",
    }
    if not compiled:
        with FlopCounterMode(display=False) as counter:
            run(step, 1)
        flops = counter.get_total_flops()
        found |= {"FLOP a step": flops, "share of the peak": flops / usual / peak}
    return found


def read_backs(step: TrainingStep) -> dict[str, int]:
    """Count the places where one training step waits for the GPU."""
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as caught, EventStorage(0):
            warnings.simplefilter("always")
            step._write_metrics = partial(TrainingStep._write_metrics, step)
            step.run_step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    found = [each for each in caught if "synchronizing CUDA operation" in str(each.message)]
    return dict(Counter(f"{'/'.join(Path(each.filename).parts[-3:])}:{each.lineno}" for each in found))


def same_twice(cfg: CfgNode, steps: int) -> dict[str, Any]:
    """Train twice as DETERMINISTIC does, and compare the losses."""
    set_deterministic(True)
    try:
        one, other = (run(build_step(half_precision(cfg, "bfloat16")), steps)[0] for _ in range(2))
    finally:
        set_deterministic(False)
    return {"equal": one == other, "largest difference": max(abs(a - b) for a, b in zip(one, other))}


def extract(cfg: CfgNode, dtype: str) -> dict[str, float]:
    """Compute the features of batches of a test."""
    cfg = cfg.clone()
    precision = ["TEST.AMP", dtype, "INPUT.SIZE_TRAIN", cfg.INPUT.SIZE_TEST]
    cfg.merge_from_list([*precision, "SOLVER.IMS_PER_BATCH", cfg.TEST.IMS_PER_BATCH])
    torch.manual_seed(0)
    network, batch = TestedNetwork(build_model(cfg).eval(), cfg), RandomBatches(cfg).batch
    with torch.inference_mode():
        network(batch)
        seconds = median(seconds_of(partial(network, batch)) for _ in range(10))
    return {"images/s": cfg.TEST.IMS_PER_BATCH / seconds}


def evaluate(device: str, queries: int, gallery: int, dim: int) -> dict[str, Any]:
    """Rank a gallery on the CPU and on the device, by distances of each, and compare the metrics."""
    found: dict[str, Any] = {"queries": queries, "gallery": gallery, "channels": dim}
    sides, results = make_sides(queries, gallery, dim), {}
    for place in dict.fromkeys(("cpu", device)):
        moved = [side._replace(features=side.features.to(place)) for side in sides]
        start = time.perf_counter()
        results[place] = Market().evaluate(*moved, partial(pairwise_distance, metric="cosine"))["test"]
        found[f"{place}, s"] = time.perf_counter() - start
    found["largest difference, percent"] = max(
        abs(results["cpu"][key] - results[device][key]) for key in results["cpu"]
    )
    return found


def one_process(cfg: CfgNode, steps: int) -> dict[str, Any]:
    """Train in a process group of one, beside the same without."""
    backend = "nccl" if cfg.MODEL.DEVICE == "cuda" else "gloo"
    expected, _ = run(build_step(cfg), steps)
    with tempfile.TemporaryDirectory() as folder:
        dist.init_process_group(backend, init_method=f"file://{folder}/group", rank=0, world_size=1)
        try:
            step = build_step(cfg)
            step.model = step._called = DistributedDataParallel(step.model)
            losses, _ = run(step, steps)
        finally:
            dist.destroy_process_group()
    return {"backend": backend, "largest difference": max(abs(a - b) for a, b in zip(expected, losses))}


def onnx(cfg: CfgNode, count: int) -> dict[str, Any]:
    """Run an exported network under ONNX Runtime on the GPU, if it has one."""
    if CUDA not in onnxruntime.get_available_providers():
        return {"left out": f"this onnxruntime has no {CUDA}"}
    cfg = cfg.clone()
    cfg.MODEL.DEVICE = "cpu"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        network = export_model(cfg, path).network
        session, inputs = open_session(path, [CUDA], torch.get_num_threads()), network.example(count)
        feed = {put.name: value.numpy() for put, value in zip(session.get_inputs(), inputs)}
        (features, *_), expected = session.run(None, feed), network(*inputs)
        seconds = median(seconds_of(lambda: session.run(None, feed)) for _ in range(10))
    expected = expected[0] if isinstance(expected, tuple) else expected
    gap = (torch.from_numpy(features) - expected).abs().max() / expected.abs().max()
    return {"images/s": count / seconds, "largest relative difference": gap.item()}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("gpu.json"))
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS), metavar="METHOD")
    parser.add_argument("--minutes", type=float, default=6.5, help="time after which no part is begun")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--tiny", action="store_true", help="networks and sizes for a trial of this command")
    args = parser.parse_args(arguments)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # which cuBLAS reads when it starts, not later
    device, tiny = args.device, args.tiny
    steps, options = (3, TINY.split()) if tiny else (50, [])
    with one_line_errors():
        configs = {name: config_of(METHODS[name], device, *options) for name in args.methods}
    report, first = Report(args.output, 60 * args.minutes), next(iter(configs.values()))
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    report.part("run", lambda: run_record(device=name, tiny=tiny))
    report.part("peak, FLOP/s", lambda: peaks(device, 64 if tiny else 8192))
    peak = {dtype: report.found["peak, FLOP/s"].get(dtype, math.nan) for dtype in HALVES}
    precisions = HALVES if device == "cuda" else HALVES[:1]  # CPUs have no fast float16
    for name, cfg in configs.items():
        for dtype in precisions:
            report.part(f"{name}, {dtype}", partial(train, cfg, dtype, False, steps, peak[dtype]))
        report.part(f"{name}, same twice", partial(same_twice, cfg, min(steps, 5)))
        for dtype in ("float32", "bfloat16"):
            report.part(f"{name}, features in {dtype}", partial(extract, cfg, dtype))
    report.part("evaluation", partial(evaluate, device, *((40, 200, 16) if tiny else (3368, 15913, 2048))))
    report.part("one process", partial(one_process, first, min(steps, 5)))
    report.part("ONNX", partial(onnx, first, 2 if tiny else 64))
    for dtype in precisions if device == "cuda" else ():  # last, as compilers take a minute for a network
        for name, cfg in configs.items():
            report.part(f"{name}, {dtype}, compiled", partial(train, cfg, dtype, True, min(steps, 15), peak[dtype]))


if __name__ == "__main__":
    main()
