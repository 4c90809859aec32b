"""BatchNorm over the batch of all processes, on any device.

PyTorch's own ``SyncBatchNorm`` needs CUDA, and its conversion drops the activation that timm's ``BatchNormAct2d`` has.
"""

from typing import cast

import torch
from timm.layers import BatchNormAct2d
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from fastreid_mm.modeling.global_batch import gather

_KINDS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm, BatchNormAct2d)


class GlobalBatchNorm(_BatchNorm):
    """Takes the place of a BatchNorm, with its parameters, statistics and names of tensors.

    In training, mean and variance are those of all processes together, which may have different numbers of values, with
    the gradient through them. In evaluation it is the BatchNorm that it replaces.

    Args:
        norm: what it replaces; that of timm brings its dropout and activation along.
    """

    def __init__(self, norm: _BatchNorm) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
        self._parameters, self._buffers, self.training = norm._parameters, norm._buffers, norm.training
        self.drop = getattr(norm, "drop", nn.Identity())
        self.act = getattr(norm, "act", nn.Identity())

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim < 2:
            raise ValueError(f"BatchNorm needs values (B, C, ...), not {tuple(input.shape)}")

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, ...) of this process to the same shape, normalized by channel."""
        self._check_input_dim(input)
        normalized = self._normalized(input) if self.training else super().forward(input)
        return self.act(self.drop(normalized))

    def _normalized(self, values: Tensor) -> Tensor:
        exact = values if values.dtype == torch.float64 else values.float()
        axes = [0, *range(2, values.ndim)]
        own_mean = exact.mean(axes)  # (C,)
        centered = exact - _as_channels(own_mean, exact)
        mean, variance, count = _over_processes(own_mean, centered.square().sum(axes), values.numel() // len(own_mean))
        if self.track_running_stats:
            self._track(mean.detach(), variance.detach() * count / (count - 1))
        scale = (variance + self.eps).rsqrt() * (self.weight if self.affine else 1)
        shift = (own_mean - mean) * scale + (self.bias if self.affine else 0)
        return (centered * _as_channels(scale, exact) + _as_channels(shift, exact)).to(values.dtype)

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor) -> None:
        batches = cast(Tensor, self.num_batches_tracked).add_(1)
        weight = 1 / int(batches) if self.momentum is None else self.momentum
        for running, found in ((self.running_mean, mean), (self.running_var, variance)):
            cast(Tensor, running).lerp_(found.to(cast(Tensor, running).dtype), weight)


def _as_channels(values: Tensor, like: Tensor) -> Tensor:
    return values.view(1, -1, *[1] * (like.ndim - 2))


def _over_processes(mean: Tensor, deviation: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the statistics to normalize by, from the numbers of every process.

    Args:
        mean: (C,), of the values of this process.
        deviation: (C,), the sum of their squared differences from that mean.
        count: how many values there are of a channel.

    Returns:
        Mean (C,) and biased variance (C,) over all processes, and of how many values they are, a 0-d tensor.
    """
    means, deviations, counts = gather(torch.stack([mean, deviation, torch.full_like(mean, count)])[None]).unbind(1)
    total = counts.sum(0)  # (C,), all the same
    over_all = (counts * means).sum(0) / total
    variance = (deviations + counts * (means - over_all).square()).sum(0) / total
    return over_all, variance, total[0]


def synchronize_batch_norm(model: nn.Module) -> None:
    """Put a :class:`GlobalBatchNorm` in the place of every BatchNorm of a model, which keeps its tensors.

    What normalizes in a way of its own, fast-reid's ``GhostBatchNorm`` and ``FrozenBatchNorm``, stays as it is.
    """
    plain = [module for module in model.modules() if type(module).forward in [kind.forward for kind in _KINDS]]
    replaced = {id(norm): GlobalBatchNorm(cast(_BatchNorm, norm)) for norm in plain}
    for parent in list(model.modules()):
        for name, child in parent._modules.items():
            if id(child) in replaced:
                setattr(parent, name, replaced[id(child)])
