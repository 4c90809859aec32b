"""Gradients of a whole batch whose backbone sees one part of it at a time, as in GradCache.

Gao et al., "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup", 2021, section 3.2,
https://arxiv.org/abs/2101.06983
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, cast

import torch
from fastreid.utils import comm
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from yacs.config import CfgNode

from fastreid_mm.common.batch_layout import LAYOUT, layout_of
from fastreid_mm.common.errors import InputError
from fastreid_mm.modeling.meta_arch.reid_model import ComposedModel

logger = logging.getLogger("fastreid.mm")

KEY = "SOLVER.ACCUMULATION_PARTS"
"""The config key of the number of parts."""


def backward_by_parts(
    model: ComposedModel,
    batch: dict[str, Any],
    parts: int,
    scale: Callable[[Tensor], Tensor],
    autocast: Callable[[], AbstractContextManager],
) -> dict[str, Tensor]:
    """Compute the losses of a batch and add their gradients to those of the parameters.

    The maps of every part are computed without a graph, head and losses on all of them together, and then the maps of
    every part once more, with the same random numbers, to which the gradients of the losses go back. So losses that
    compare samples, and BatchNorm of the head, have the whole batch.

    Args:
        model: the network, in training.
        batch: the batch.
        parts: the number of parts, see :func:`split_batch`.
        scale: scales the sum of the losses before the gradients are computed.
        autocast: makes the context of a forward pass. Each pass has its own, because weights that were cast without a
            graph have none.

    Returns:
        The losses by name.
    """
    pieces, states, found = split_batch(batch, parts), [], []
    for piece in pieces:
        states.append(_random_state(batch["images"].device))
        with torch.no_grad(), autocast():
            found.append(model.inputs(piece))
    whole = {name: _joined([inputs[name] for inputs in found], pieces) for name in found[0]}
    with autocast():
        losses = cast(dict[str, Tensor], model.outputs(whole, batch))
        total = sum(losses.values())
    scale(cast(Tensor, total)).backward()
    kept = [(buffer, buffer.clone()) for buffer in model.buffers()]
    made = {name: value for name, value in whole.items() if value.grad is not None and value is not found[0][name]}
    shares = {name: _divided(cast(Tensor, value.grad), pieces) for name, value in made.items()}
    for index, (piece, state) in enumerate(zip(pieces, states)):
        _set_random_state(state)
        with autocast():
            again = model.inputs(piece)
        torch.autograd.backward([again[name] for name in shares], [share[index] for share in shares.values()])
    with torch.no_grad():
        for buffer, value in kept:  # statistics that the second pass has counted again
            buffer.copy_(value)
    return losses


def split_batch(batch: dict[str, Any], parts: int) -> list[dict[str, Any]]:
    """Divide a batch into parts, each with its share of every modality and its layout, visible images first.

    Args:
        batch: with ``modalities`` (B,), or with aligned samples.
        parts: the number of parts; each has at least a sample of every modality that the batch has.
    """
    layout, tensors = layout_of(batch), {key: value for key, value in batch.items() if isinstance(value, Tensor)}
    every = torch.arange(len(batch["images"]), device=batch["images"].device)
    if "modalities" not in batch:
        pieces = [{key: value[places] for key, value in tensors.items()} for places in every.tensor_split(parts)]
        return [{**piece, LAYOUT: layout if layout.rows is None else layout_of(piece)} for piece in pieces]
    rows = layout.rows or every.split(layout.counts)
    chunks = zip(*(row.tensor_split(parts) for row in rows))
    return [
        {key: value[torch.cat(chunk)] for key, value in tensors.items()}
        | {LAYOUT: layout._replace(counts=tuple(map(len, chunk)), rows=None)}
        for chunk in chunks
    ]


def _counts(length: int, piece: dict[str, Any]) -> Sequence[int]:
    """Return how many rows of a value with that length belong to each modality; one number if it has no such rows."""
    counts = piece[LAYOUT].counts
    return counts if "modalities" in piece and length == sum(counts) else (length,)


def _joined(values: Sequence[Tensor], pieces: Sequence[dict]) -> Tensor:
    """Join the rows of all parts, visible images first; the result is a leaf to which gradients go back."""
    first = values[0]
    if isinstance(first, nn.Parameter):
        return first
    by_modality = zip(*(value.split(_counts(len(value), piece)) for value, piece in zip(values, pieces)))
    joined = torch.cat([row for rows in by_modality for row in rows])
    return joined.requires_grad_() if joined.is_floating_point() else joined


def _divided(gradient: Tensor, pieces: Sequence[dict]) -> list[Tensor]:
    """Undo :func:`_joined` for a gradient."""
    sizes = [len(piece["images"]) for piece in pieces]
    share = len(gradient) / sum(sizes)  # half for values of pairs
    counts = [_counts(round(size * share), piece) for size, piece in zip(sizes, pieces)]
    rows = iter(gradient.split([count for of_modality in zip(*counts) for count in of_modality]))
    by_modality = [[next(rows) for _ in pieces] for _ in counts[0]]
    return [torch.cat(each) for each in zip(*by_modality)]


def _random_state(device: torch.device) -> tuple[Tensor, Tensor | None]:
    return torch.get_rng_state(), torch.cuda.get_rng_state(device) if device.type == "cuda" else None


def _set_random_state(state: tuple[Tensor, Tensor | None]) -> None:
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1])


def check_parts(cfg: CfgNode, model: nn.Module) -> None:
    """Refuse a number of parts that cannot work, and warn where gradients are not those of the whole batch.

    Raises:
        InputError: there are several processes, the network is not made of a backbone and a head of this package's
            architectures, or the batch cannot be divided evenly.
    """
    parts, images = cfg.SOLVER.ACCUMULATION_PARTS, cfg.SOLVER.IMS_PER_BATCH
    if parts == 1:
        return
    if comm.get_world_size() > 1:
        raise InputError(f"{KEY} {parts} is for one process, and these are {comm.get_world_size()}")
    if not isinstance(model, ComposedModel):
        raise InputError(f"{KEY} {parts}: {cfg.MODEL.META_ARCHITECTURE} computes maps and losses in one, unlike ours")
    if cfg.SOLVER.COMPILE:
        raise InputError(f"{KEY} {parts} and SOLVER.COMPILE do not go together: one graph has the whole batch")
    paired = 2 if cfg.DATALOADER.SAMPLER_TRAIN == "CrossModalityIdentitySampler" else 1
    if images % (paired * parts):
        unit = "pairs of a visible and an infrared image" if paired == 2 else "samples"
        raise InputError(f"{KEY} {parts} does not divide the {images // paired} {unit} of SOLVER.IMS_PER_BATCH")
    if paired == 1 and "modalities" in model.provides:
        raise InputError(
            f"{KEY} {parts} needs DATALOADER.SAMPLER_TRAIN CrossModalityIdentitySampler, whose batches have both "
            f"modalities, not {cfg.DATALOADER.SAMPLER_TRAIN}"
        )
    norms = [
        name
        for name, part in model.named_modules()
        if isinstance(part, _BatchNorm) and not name.startswith(("heads.", "losses."))
    ]
    if norms:
        logger.warning(
            f"{KEY} {parts}: {len(norms)} BatchNorm layers of the backbone normalize each part of "
            f"{images // parts} images by itself unless they are frozen, so training differs from that of whole batches"
        )
