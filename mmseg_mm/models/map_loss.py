"""Adapter for the use of any loss in mmsegmentation's registry for one channel of saliency logits."""

import torch
from torch import Tensor, nn

from fastreid_mm.common.errors import InputError

IGNORED = 255


class MapLoss:
    """Registered loss, called with masks in the shape that it expects.

    mmsegmentation gives every loss labels (B, H, W). With one channel of logits, some losses, as DiceLoss, then score
    the background silently, and expect masks in the shape of the logits instead. A small map shows which shape a loss
    expects: a right prediction must cost less than its opposite.

    Args:
        loss: the loss, whose ``loss_name`` begins with "loss".

    Raises:
        InputError: the loss works with neither shape.
    """

    def __init__(self, loss: nn.Module) -> None:
        self.loss = loss
        self.name = getattr(loss, "loss_name", "loss_saliency")
        self.mask_as_logits = not _understands(loss, mask_as_logits=False)
        if self.mask_as_logits and not _understands(loss, mask_as_logits=True):
            raise InputError(
                f"loss_decode {type(loss).__name__} does not tell a right map from a wrong one by one "
                "channel of logits; CrossEntropyLoss does with use_sigmoid=True"
            )

    def __call__(self, logits: Tensor, mask: Tensor) -> Tensor:
        """Compute the loss, times its ``loss_weight``, of logits and a mask of 0 and 1, (B, 1, H, W) each."""
        return _value(self.loss, logits, mask, self.mask_as_logits)


def _value(loss: nn.Module, logits: Tensor, mask: Tensor, mask_as_logits: bool) -> Tensor:
    target = mask.long() if mask_as_logits else mask[:, 0].long()
    return loss(logits, target, weight=None, ignore_index=IGNORED)


def _understands(loss: nn.Module, mask_as_logits: bool) -> bool:
    mask = torch.zeros(2, 1, 8, 8, dtype=torch.bool)
    mask[:, :, :3, :5] = True
    right = torch.where(mask, 5.0, -5.0)
    try:
        return bool(_value(loss, right, mask, mask_as_logits) < _value(loss, -right, mask, mask_as_logits))
    except Exception:  # Losses raise different errors for a wrong shape.
        return False
