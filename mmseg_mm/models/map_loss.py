"""Any loss of mmsegmentation's registry on one channel of saliency logits."""

import torch
from torch import Tensor, nn

from fastreid_mm.errors import InputError

IGNORED = 255


class MapLoss:
    """A registered loss, given masks in the form that it understands.

    The host gives every loss labels (B, H, W). With one channel of logits some then score the background, DiceLoss
    among them, without a word; these understand masks of the logits' own shape. Which form a loss understands is tried
    out on a small map: the right one must cost less than its opposite.

    Args:
        loss: its ``loss_name`` begins with "loss".

    Raises:
        InputError: the loss understands neither form.
    """

    def __init__(self, loss: nn.Module) -> None:
        self.loss = loss
        self.name = getattr(loss, "loss_name", "loss_saliency")
        self.own_shape = not _understands(loss, own_shape=False)
        if self.own_shape and not _understands(loss, own_shape=True):
            raise InputError(
                f"loss_decode {type(loss).__name__} does not tell a right map from a wrong one by one "
                "channel of logits; CrossEntropyLoss does with use_sigmoid=True"
            )

    def __call__(self, logits: Tensor, mask: Tensor) -> Tensor:
        """(B, 1, H, W) logits and mask of 0 and 1 to what the loss makes of them, times its ``loss_weight``."""
        return _value(self.loss, logits, mask, self.own_shape)


def _value(loss: nn.Module, logits: Tensor, mask: Tensor, own_shape: bool) -> Tensor:
    target = mask.long() if own_shape else mask[:, 0].long()
    return loss(logits, target, weight=None, ignore_index=IGNORED)


def _understands(loss: nn.Module, own_shape: bool) -> bool:
    mask = torch.zeros(2, 1, 8, 8, dtype=torch.bool)
    mask[:, :, :3, :5] = True
    right = torch.where(mask, 5.0, -5.0)
    try:
        return bool(_value(loss, right, mask, own_shape) < _value(loss, -right, mask, own_shape))
    except Exception:  # each loss fails in its own way
        return False
