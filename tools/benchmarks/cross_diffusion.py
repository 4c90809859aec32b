#!/usr/bin/env python
"""Measure the peak memory of cross-diffusion attention beside its literal formula and cross-attention.

    python tools/benchmarks/cross_diffusion.py [--tokens 465] [--heads 12] [--dim 64] [--batch 8] [--device cuda]

The first two start from the affinities, which the layer has for self-attention anyway and whose cost is a line apart.
Cross-attention starts from queries and keys. All have gradients. Peak memory is the memory of a separate process beyond
its inputs (on a CPU, only under Linux).
"""

import argparse
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from fastreid_mm.layers import cross_attention, cross_diffusion

EPSILON = 0.6


class Inputs(NamedTuple):
    """Queries, keys and values of both modalities, (2, B, h, n, c) each, and affinities (2, B, h, n, n)."""

    query: Tensor
    key: Tensor
    value: Tensor
    affinities: Tensor


def literal(tensors: Inputs) -> tuple[Tensor, Tensor]:
    """Compute eq. 5 to 8 as they are written."""
    a, b = tensors.affinities
    total = (1 - EPSILON) * (a + b)
    a, b = normalized(a), normalized(b)
    return (EPSILON * (a @ b.mT) + total) @ tensors.value[1], (EPSILON * (b @ a.mT) + total) @ tensors.value[0]


def normalized(affinity: Tensor) -> Tensor:
    """Multiply (B, h, n, n) affinities by the inverse roots of their row sums on both sides (eq. 5)."""
    root = affinity.sum(-1, keepdim=True).rsqrt()
    return root * affinity * root.mT


def products(tensors: Inputs) -> tuple[Tensor, Tensor]:
    return cross_diffusion(*tensors.affinities, *tensors.value, EPSILON)


def affinities(tensors: Inputs) -> tuple[Tensor, Tensor]:
    """Compute the affinities of both modalities, eq. 1."""
    scaled = tensors.query * tensors.query.shape[-1] ** -0.5
    return tuple((scaled @ tensors.key.mT).softmax(-1))


def attention(tensors: Inputs) -> tuple[Tensor, Tensor]:
    (query_a, query_b), (key_a, key_b), (value_a, value_b) = tensors.query, tensors.key, tensors.value
    return cross_attention(query_a, key_a, value_a, query_b, key_b, value_b)


FORMS = {"literal formula": literal, "cross_diffusion": products, "the affinities": affinities}
FORMS |= {"cross_attention": attention}


def inputs(args: argparse.Namespace) -> Inputs:
    shape = (3, 2, args.batch, args.heads, args.tokens, args.dim)
    qkv = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(args.device).requires_grad_()
    affinity = torch.rand(2, *shape[2:4], args.tokens, args.tokens, device=args.device)
    return Inputs(*qkv, (affinity / affinity.sum(-1, keepdim=True)).requires_grad_())


def step(form: Callable, tensors: Inputs, backward: bool) -> None:
    """Make one pass."""
    results = form(tensors)
    if backward:
        (results[0].sum() + results[1].sum()).backward()
    if tensors.query.is_cuda:
        torch.cuda.synchronize()


def peak(name: str, args: argparse.Namespace, backward: bool) -> float:
    """Measure the MiB that a form needs beyond its inputs, in a process that runs nothing else."""
    tensors = inputs(args)
    if tensors.query.is_cuda:
        before = torch.cuda.memory_allocated()
        step(FORMS[name], tensors, backward)
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    # the peak is counted from here, since making the inputs needed more memory than they keep
    Path("/proc/self/clear_refs").write_text("5")
    before = memory("VmRSS")
    step(FORMS[name], tensors, backward)
    return memory("VmHWM") - before


def memory(name: str) -> float:
    """Return the MiB of this process, "VmRSS" now or "VmHWM" at most; getrusage would include the parent's."""
    with Path("/proc/self/status").open() as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name)) / 2**10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("tokens", 465), ("heads", 12), ("dim", 64), ("batch", 8)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    os.environ["MALLOC_MMAP_THRESHOLD_"] = str(2**20)  # makes glibc in later processes return freed memory at once
    print(f"{args.tokens} tokens, {args.heads} heads of {args.dim}, batch of {args.batch}, {args.device}")
    for backward in (False, True):
        print("forward and backward:" if backward else "forward:")
        for name in FORMS:
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                mebibytes = pool.submit(peak, name, args, backward).result()
            print(f"  {name:16} peak {mebibytes:.0f} MiB")


if __name__ == "__main__":
    main()
