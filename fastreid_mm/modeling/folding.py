"""Batch normalization folded into the convolutions before it, for a trained network that only computes features."""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import cast

import torch
from timm.layers import BatchNormAct2d, Conv2dSame
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_eval

from fastreid_mm.modeling.global_batch_norm import GlobalBatchNorm

_CONVOLUTIONS = (nn.Conv2d, Conv2dSame)
_NORMS = tuple(kind.forward for kind in (nn.BatchNorm2d, nn.SyncBatchNorm, BatchNormAct2d, GlobalBatchNorm))
_CLOSE = 1e-3
"""Largest change of features, relative to their length, that is rounding."""


@torch.no_grad()
def fold_batch_norm(model: nn.Module, run: Callable[[nn.Module], Tensor]) -> nn.Module:
    """Copy a network, with each batch normalization folded into the convolution that alone feeds it.

    What feeds what is seen in a pass. The normalizations of a block stay if one of them takes no part in that pass, as
    it might follow the same convolution for other images. All stay if the copy computes other features.

    Args:
        model: a network in evaluation mode.
        run: computes features with a network.

    Returns:
        The copy, which equals the network within rounding; it cannot be trained on.
    """
    folded = deepcopy(model)
    if not (pairs := _pairs(folded, run)):
        return folded
    of_makers, of_norms = (Counter(each) for each in zip(*pairs))
    alone = {maker: norm for maker, norm in pairs if maker and of_makers[maker] == of_norms[norm] == 1}
    for block in list(folded.modules()):
        norms = {part for part in block.children() if _is_norm(part)}
        if norms <= of_norms.keys():
            for convolution in [part for part in block.children() if alone.get(part) in norms]:
                _fold(folded, convolution, alone[convolution])
    expected, found = run(model), run(folded)
    return folded if (found - expected).norm() <= _CLOSE * expected.norm() else deepcopy(model)


def _is_norm(part: nn.Module) -> bool:
    return type(part).forward in _NORMS and part.running_mean is not None and not part.training


def _pairs(model: nn.Module, run: Callable[[nn.Module], Tensor]) -> set[tuple[nn.Module | None, nn.Module]]:
    """Pair each normalization that takes part in a pass with the convolutions, or None, whose values it gets."""
    makers: dict[Tensor, nn.Module] = {}  # tensors are keys by identity
    pairs: set[tuple[nn.Module | None, nn.Module]] = set()

    def made(convolution: nn.Module, _: object, values: Tensor) -> None:
        makers[values] = convolution

    def taken(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        pairs.add((makers.get(inputs[0]), norm))

    convolutions = [part for part in model.modules() if type(part) in _CONVOLUTIONS and not part.training]
    norms = [part for part in model.modules() if _is_norm(part)]
    if not norms:
        return set()
    hooks = [part.register_forward_hook(made) for part in convolutions]
    hooks += [part.register_forward_pre_hook(taken) for part in norms]
    run(model)
    for hook in hooks:
        hook.remove()
    return pairs


def _fold(model: nn.Module, convolution: nn.Module, norm: nn.Module) -> None:
    fused = fuse_conv_bn_eval(cast(nn.Conv2d, convolution), cast(_BatchNorm, norm))
    for name in ("weight", "bias"):
        setattr(convolution, name, getattr(fused, name))
    rest = nn.Sequential(getattr(norm, "drop", nn.Identity()), getattr(norm, "act", nn.Identity()))
    for parent in list(model.modules()):
        for name, child in parent._modules.items():
            if child is norm:
                setattr(parent, name, rest)
