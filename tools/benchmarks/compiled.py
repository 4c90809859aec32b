#!/usr/bin/env python
"""Compare losses and gradients of every method, compiled by torch.compile as one graph, with those of eager mode.

    python tools/benchmarks/compiled.py [--methods AGW CMTR]

Networks and losses are of the size of tests, with random weights and images. It takes a C++ compiler, and one to two
minutes for a method. The exit status is 1 if a method is not one graph, or its losses differ by more than 1e-4.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from copy import deepcopy

import torch
import torch._inductor.config
from fastreid.modeling import build_model
from fastreid.utils.events import EventStorage
from step import METHODS, TINY, RandomBatches, config_of
from tabulate import tabulate
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.costs import seconds_of
from fastreid_mm.common.errors import first_line, one_line_errors

BOUND = 1e-4  # of the relative difference of a loss
HEADER = ("", "largest relative difference of a loss", "difference of the gradients", "first pass, s")


def losses_and_gradients(
    network: nn.Module, call: Callable[[dict], dict[str, Tensor]], batch: dict
) -> tuple[dict[str, float], Tensor]:
    """Compute each loss, and the gradient of their sum by all weights as one vector."""
    torch.manual_seed(1)
    with EventStorage(0):
        losses = call(batch)
    sum(losses.values()).backward()
    gradients = [torch.zeros_like(value) if value.grad is None else value.grad for value in network.parameters()]
    return {name: value.item() for name, value in losses.items()}, torch.cat([each.flatten() for each in gradients])


def compare(cfg: CfgNode, backend: str = "inductor") -> tuple[float, float, float]:
    """Return the largest relative difference of a loss, that of the gradient vectors, and seconds of the first pass.

    Raises:
        Exception: PyTorch's, if the network and its losses cannot be compiled as one graph.
    """
    torch.manual_seed(0)
    eager = build_model(cfg).train()
    eager.set_training_length(1000)
    copy, batch, found = deepcopy(eager), RandomBatches(cfg).batch, []
    torch.compiler.reset()
    compiled = torch.compile(copy, fullgraph=True, backend=backend)
    expected, gradient = losses_and_gradients(eager, eager, batch)
    with torch._inductor.config.patch(fallback_random=True):  # which draws the numbers of eager mode
        seconds = seconds_of(lambda: found.extend(losses_and_gradients(copy, compiled, batch)))
    losses, other = found
    loss = max(abs(losses[name] - value) / max(abs(value), 1e-6) for name, value in expected.items())
    return loss, ((other - gradient).norm() / gradient.norm()).item(), seconds


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS), metavar="METHOD")
    args = parser.parse_args(arguments)
    rows, passed = [], True
    for name in args.methods:
        with one_line_errors():
            cfg = config_of(METHODS[name], "cpu", *TINY.split())
        try:
            loss, gradient, seconds = compare(cfg)
        except Exception as error:  # compilers raise anything
            rows.append((name, f"failed: {type(error).__name__}: {first_line(error)}"))
            passed = False
        else:
            rows.append((name, f"{loss:.1e}", f"{gradient:.1e}", f"{seconds:.0f}"))
            passed &= loss <= BOUND
        print(f"compared: {name}", flush=True)
    print(tabulate(rows, HEADER, "github", disable_numparse=True))
    sys.exit(not passed)


if __name__ == "__main__":
    main()
