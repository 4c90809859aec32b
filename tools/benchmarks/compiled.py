#!/usr/bin/env python
"""Compare losses and gradients of every method, compiled by torch.compile as one graph, with those of eager mode.

    python tools/benchmarks/compiled.py [--methods AGW CMTR]

Networks and losses are of the size of tests, with five draws of random weights and images. It takes a C++ compiler,
and a minute for a method. The exit status is 1 if a method is not one graph, or its losses differ by more than 1e-4.
Where rounding turns the sign of an activation, the slope of ReLU changes: a few gradients differ by a hundredth, as
they do when the images change by a millionth.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

import torch
from fastreid.modeling import build_model
from fastreid.utils.events import EventStorage
from step import METHODS, TINY, RandomBatches, config_of
from tabulate import tabulate
from torch import Tensor, nn
from torch._inductor.config import patch
from torch._inductor.utils import fresh_cache
from yacs.config import CfgNode

from fastreid_mm.common.errors import first_line, one_line_errors

BOUND = 1e-4  # of the relative difference of a loss
DRAWS = 5  # of weights and images
HEADER = ("", "relative difference of a loss, largest", "of the gradients, median (largest)", "compiled in, s")


def losses_and_gradients(
    network: nn.Module, call: Callable[[dict], dict[str, Tensor]], batch: dict
) -> tuple[dict[str, float], Tensor]:
    """Compute each loss, and the gradient of their sum by all weights as one vector."""
    torch.manual_seed(1)
    network.zero_grad()
    with EventStorage(0):
        losses = call(batch)
    sum(losses.values()).backward()
    gradients = [torch.zeros_like(value) if value.grad is None else value.grad for value in network.parameters()]
    return {name: value.item() for name, value in losses.items()}, torch.cat([each.flatten() for each in gradients])


class Compared(NamedTuple):
    """Relative differences of a compiled network from eager mode."""

    loss: float
    """The largest of all losses and draws."""
    gradients: list[float]
    """Length of the difference by that of the gradient, one for each draw."""
    seconds: float
    """Time of the first pass forward and back, without a cache of compilers."""


def compare(cfg: CfgNode, backend: str = "inductor") -> Compared:
    """Compare losses and gradients of one compiled network with those of eager mode, for several draws of weights.

    Raises:
        Exception: PyTorch's, if the network and its losses cannot be compiled as one graph.
    """
    loss, gradients, seconds = 0.0, [], []
    torch.manual_seed(0)
    eager, copy = (build_model(cfg).train() for _ in range(2))
    batch = RandomBatches(cfg).batch
    torch.compiler.reset()
    compiled = torch.compile(copy, fullgraph=True, backend=backend)
    with fresh_cache(), patch(fallback_random=True):  # which draws the random numbers of eager mode
        for draw in range(DRAWS):
            torch.manual_seed(draw)
            state = build_model(cfg).state_dict()
            for network in (eager, copy):
                network.load_state_dict(state)
                network.set_training_length(1000)
            images = {**batch, "images": torch.rand_like(batch["images"]) * 255}
            expected, gradient = losses_and_gradients(eager, eager, images)
            start = time.perf_counter()
            losses, other = losses_and_gradients(copy, compiled, images)
            seconds.append(time.perf_counter() - start)
            loss = max(loss, *(abs(losses[name] - value) / max(abs(value), 1e-6) for name, value in expected.items()))
            gradients.append(((other - gradient).norm() / gradient.norm()).item())
    return Compared(loss, gradients, seconds[0])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS), metavar="METHOD")
    args = parser.parse_args(arguments)
    rows, passed = [], True
    for name in args.methods:
        with one_line_errors():
            cfg = config_of(METHODS[name], "cpu", *TINY.split())
        try:
            found = compare(cfg)
        except Exception as error:  # compilers raise anything
            rows.append((name, f"failed: {type(error).__name__}: {first_line(error)}"))
            passed = False
        else:
            gradients = f"{median(found.gradients):.1e} ({max(found.gradients):.1e})"
            rows.append((name, f"{found.loss:.1e}", gradients, f"{found.seconds:.0f}"))
            passed &= found.loss <= BOUND
        print(f"compared: {name}", flush=True)
    print(tabulate(rows, HEADER, "github", disable_numparse=True))
    sys.exit(not passed)


if __name__ == "__main__":
    main()
