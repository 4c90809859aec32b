"""Numbers of one network: losses, gradients, the feature in evaluation, and a few steps."""

import hashlib
import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

STEPS = 3


class Network(NamedTuple):
    """Network of a config, ready to be trained on one batch.

    Attributes:
        model: a model of either host.
        optimizer: the config's optimizer of the model's parameters.
        losses: computes the losses by name in training.
        feature: computes the result in evaluation, (N, ...).
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    losses: Callable[[], dict[str, Tensor]]
    feature: Callable[[], Tensor]


def record(network: Network, old: Callable[[str], str] = str) -> dict:
    """Record what a network computes.

    Args:
        network: the network, whose weights are drawn anew.
        old: turns a name into the one that is written and by which weights are drawn.

    Returns:
        ``initial``, size and deviation or constant of each parameter as it was built; ``losses``; ``gradients``, norms
        by parameter, None without a gradient; ``feature``; ``steps``, the losses after each.
    """
    model = network.model
    initial = {old(name): _initial(value) for name, value in model.named_parameters()}
    draw_weights(model, old)
    feature = _feature(network)
    losses = _backward(network)
    gradients = {
        old(name): None if value.grad is None else value.grad.double().norm().item()
        for name, value in model.named_parameters()
    }
    steps = []
    for _ in range(STEPS):
        network.optimizer.step()
        steps.append({old(name): value for name, value in _backward(network).items()})
    return {
        "initial": initial,
        "losses": {old(name): value for name, value in losses.items()},
        "gradients": gradients,
        "feature": feature,
        "steps": steps,
    }


def draw_weights(model: nn.Module, old: Callable[[str], str] = str) -> None:
    """Draw each parameter by its name from a normal law, unless all its values are the same.

    The deviation is one over the root of the number of values that belong to one output.
    """
    with torch.no_grad():
        for name, value in model.named_parameters():
            if _is_constant(value):
                continue
            generator = torch.Generator().manual_seed(int(hashlib.sha256(old(name).encode()).hexdigest()[:8], 16))
            drawn = torch.randn(value.shape, generator=generator)
            value.copy_(drawn / math.sqrt(max(1, value.numel() // len(value) if value.ndim > 1 else value.numel())))


def _is_constant(value: Tensor) -> bool:
    return bool((value == value.flatten()[0]).all())


def _initial(value: Tensor) -> dict[str, float]:
    """Describe initial values: their number and deviation, or the one number that all of them are."""
    if _is_constant(value):
        return {"size": value.numel(), "constant": value.flatten()[0].item()}
    return {"size": value.numel(), "deviation": value.double().std().item()}


def _backward(network: Network) -> dict[str, float]:
    network.model.train()
    network.optimizer.zero_grad()
    torch.manual_seed(0)  # for dropout, and other random numbers of a network
    losses = network.losses()
    sum(losses.values()).backward()
    return {name: value.item() for name, value in losses.items()}


def _feature(network: Network) -> dict:
    """Record the feature's shape, and for each sample the norm and a projection."""
    network.model.eval()
    torch.manual_seed(0)
    with torch.no_grad():
        feature = network.feature()
    flat = feature.double().flatten(1)
    direction = torch.cos(torch.arange(flat.shape[1], dtype=torch.float64))
    return {
        "shape": list(feature.shape),
        "norms": flat.norm(dim=1).tolist(),
        "projections": (flat @ direction).tolist(),
    }
