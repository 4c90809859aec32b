"""Precision and memory format of a network, chosen by name or by measurement, and PyTorch's own switches for GPUs."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from fastreid_mm.common.batch_layout import LAYOUT
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.keys import Key
from fastreid_mm.common.measure_speed import Measured, measure_speeds
from fastreid_mm.modeling.folding import fold_batch_norm

logger = logging.getLogger("fastreid.mm")

AUTO = "auto"
SOLVER = {
    "AMP.DTYPE": Key(
        "",
        "Precision of products with SOLVER.AMP: float16, with scaled losses, or bfloat16. Without a name it is float16 "
        "on a GPU and bfloat16 on a CPU. A warning says if training in float32 would be faster on this machine.",
        choices=("", "float16", "bfloat16"),
        when="training",
    ),
    "COMPILE": Key(
        False,
        "Train a network that torch.compile has compiled: the first step takes a minute or more, and dropout draws "
        "other numbers. It needs a C++ compiler, or Triton on a GPU.",
        when="training",
    ),
    "FUSED": Key(
        False,
        "Update each weight by one kernel of PyTorch, with SOLVER.OPT Adam, AdamW, SGD or Adagrad: three to six times "
        "as fast on a CPU. Weights differ by rounding.",
        when="training",
        on_resume="kept",
    ),
}
TEST = {
    "AMP": Key(
        "float32",
        "Precision of products in tests, predictors and indexes: float32, bfloat16 or float16; auto measures float32 "
        "and bfloat16 on the first batch, for about half a second, and takes the faster one. The log says which and by "
        "how much; results name any precision other than float32.",
        choices=("float32", "bfloat16", "float16", AUTO),
        when="testing",
        if_unread="expected",
    ),
    "CHANNELS_LAST": Key(
        "never",
        "Memory format of maps in tests, predictors and indexes: channels last always or never; auto measures both, as "
        "TEST.AMP auto does. With the channels last, batch normalization is folded into the convolutions before it. "
        "Features differ by rounding.",
        choices=("never", "always", AUTO),
        when="testing",
        if_unread="expected",
    ),
    "COMPILE": Key(
        False,
        "Compute features by a network that torch.compile has compiled, once for each size of a batch.",
        when="testing",
        if_unread="expected",
    ),
}


class Numerics(NamedTuple):
    """Precision and memory format that a network computes in."""

    dtype: str = "float32"
    """Precision of products, as autocast has it; everything else is float32."""
    channels_last: bool = False
    """Whether maps lie in memory channels last, and batch normalization is folded into convolutions."""

    def __str__(self) -> str:
        return f"{self.dtype} channels-last" if self.channels_last else self.dtype

    def autocast(self, device: torch.device) -> torch.autocast:
        """Make the context to compute in."""
        half = getattr(torch, self.dtype) if self.dtype != "float32" else torch.bfloat16
        return torch.autocast(device.type, half, enabled=self.dtype != "float32")


PLAIN = Numerics()


def choose_numerics(
    model: nn.Module,
    batch: Mapping[str, Any],
    device: torch.device,
    dtype: str,
    channels_last: str,
    forward: Callable[[nn.Module, Mapping[str, Any]], Tensor],
) -> tuple[Numerics, nn.Module]:
    """Choose precision and memory format as two keys say, by measuring where one of them is "auto".

    A choice by name is measured, too, and a warning says if it is slower than float32.

    Args:
        batch: a batch to measure with, or a part of.
        dtype: ``TEST.AMP``.
        channels_last: ``TEST.CHANNELS_LAST``.
        forward: computes the features of a batch by a network.

    Returns:
        The choice, and the network, or a copy of it for the other memory format.
    """
    dtypes = ("float32", "bfloat16") if dtype == AUTO else (dtype,)
    formats = (False, True) if channels_last == AUTO else (channels_last == "always",)
    allowed = [Numerics(*each) for each in ((one, other) for one in dtypes for other in formats)]
    if allowed == [PLAIN]:
        return PLAIN, model
    with torch.inference_mode(False):  # where weights would not be copied as weights
        copies = {True: _channels_last(model, batch)} if True in formats else {}
    networks = {each: copies.get(each.channels_last, model) for each in dict.fromkeys([PLAIN, *allowed])}

    def run(numerics: Numerics, samples: int) -> Tensor:
        with numerics.autocast(device):
            return forward(networks[numerics], part_of(batch, slice(samples)))

    measured = measure_speeds({each: partial(run, each) for each in networks}, len(batch["images"]))
    if len(allowed) == 1:
        (named,) = allowed
        _warn_if_slower("TEST.AMP and TEST.CHANNELS_LAST", measured, named)
        return named, networks[named]
    best = measured.fastest() if PLAIN in allowed else max(allowed, key=lambda each: measured.speeds[each])
    logger.info(f"Features are computed in {best}, {measured.ratio(best):.2f} times as fast as float32 ({measured})")
    return best, networks[best]


def _channels_last(model: nn.Module, batch: Mapping[str, Any]) -> nn.Module:
    part = part_of(batch, slice(2))
    if "modalities" in part:  # both, as a network may have parts for one of them
        part["modalities"] = torch.arange(len(part["images"]), device=part["images"].device)
    return fold_batch_norm(model, lambda network: network(part)).to(memory_format=torch.channels_last)


def warn_if_slower(model: nn.Module, batch: Mapping[str, Any], device: torch.device, dtype: str) -> None:
    """Warn if training in mixed precision is slower than in float32, by passes forward and back of a few samples.

    The network is measured in evaluation mode, so that nothing of it changes.
    """
    modes = {part: part.training for part in model.modules()}
    parameters = [value for value in model.parameters() if value.requires_grad]

    def run(numerics: Numerics, samples: int) -> object:
        with numerics.autocast(device):
            total = model(part_of(batch, slice(samples))).float().sum()
        return torch.autograd.grad(total, parameters, allow_unused=True)

    model.eval()
    measured = measure_speeds({each: partial(run, each) for each in (PLAIN, Numerics(dtype))}, len(batch["images"]))
    for part, training in modes.items():
        part.training = training
    _warn_if_slower("SOLVER.AMP", measured, Numerics(dtype))


def _warn_if_slower(keys: str, measured: Measured, named: Numerics) -> None:
    ratio = measured.ratio(named)
    if ratio < 1:
        logger.warning(f"{keys}: {named} is slower than float32 here, {ratio:.2f} times as fast ({measured})")


def part_of(batch: Mapping[str, Any], samples: slice) -> dict[str, Any]:
    """Cut some samples out of a batch; their layout is not known, and will be read from their labels."""
    return {key: value[samples] for key, value in batch.items() if key != LAYOUT}


def require_one_process(dtype: str, channels_last: str, processes: int) -> None:
    """Refuse a measurement in several processes, which might not agree.

    Raises:
        InputError: names the key.
    """
    for key, value in (("TEST.AMP", dtype), ("TEST.CHANNELS_LAST", channels_last)):
        if value == AUTO and processes > 1:
            raise InputError(f"{key} auto measures in one process, and these are {processes}: name what it is to be")
