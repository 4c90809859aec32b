"""Low-rank adapters of attention, for large pretrained networks that are not trained otherwise.

Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022, https://arxiv.org/abs/2106.09685
"""

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize


class LowRankUpdate(nn.Module):
    """Sum of a weight W and B A (eq. 3, with alpha = r); B begins at zero, so that nothing changes before training.

    Args:
        rows: height of W.
        columns: width of W.
        rank: r, height of A and width of B.
    """

    def __init__(self, rows: int, columns: int, rank: int) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.empty(rank, columns))  # A
        self.up = nn.Parameter(torch.zeros(rows, rank))  # B
        nn.init.kaiming_uniform_(self.down, a=5**0.5)  # as a linear layer starts

    def forward(self, weight: Tensor) -> Tensor:
        """Add the update to a (rows, columns) weight."""
        return weight + self.up @ self.down


def add_adapters(network: nn.Module, rank: int) -> None:
    """Freeze a network, in place, but for an adapter of each linear layer of its attention modules.

    An adapter acts on the weight and not on the input, so that a test costs what it costs without adapters, but for the
    sum of the weights, and so that it works where timm passes the weight to a function.

    Args:
        network: has attention modules under timm's name ``attn``.
        rank: r of each adapter.

    Raises:
        ValueError: the network has no attention.
    """
    layers = [
        module
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear) and "attn" in name.split(".")
    ]
    if not layers:
        raise ValueError("it has no attention")
    network.requires_grad_(False)
    for layer in layers:
        rows, columns = layer.weight.shape
        update = LowRankUpdate(rows, columns, rank).to(layer.weight)
        parametrize.register_parametrization(layer, "weight", update)
