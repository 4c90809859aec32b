"""The losses of MutualFormer's saliency network in mmsegmentation's registry."""

from mmseg.registry import MODELS
from torch import Tensor, nn

from fastreid_mm.losses import cross_modal_focal, pixel_position_aware


@MODELS.register_module()
class PixelPositionAwareLoss(nn.Module):
    """:func:`pixel_position_aware` (eq. 13).

    Args:
        weighted_bce: False for F3Net's released code.
        loss_weight: factor of the loss.
        loss_name: in the log.
    """

    def __init__(self, weighted_bce: bool = True, loss_weight: float = 1.0, loss_name: str = "loss_ppa") -> None:
        super().__init__()
        self.weighted_bce, self.loss_weight, self.loss_name = weighted_bce, loss_weight, loss_name

    def forward(self, logits: Tensor, mask: Tensor, **_: object) -> Tensor:
        """(B, 1, H, W) logits and mask, or (B, H, W), to a 0-d tensor; what else the host gives is not used."""
        return self.loss_weight * pixel_position_aware(logits, mask.view_as(logits), self.weighted_bce)


@MODELS.register_module()
class CrossModalFocalLoss(nn.Module):
    """:func:`cross_modal_focal`, the regularisation of one level in eq. 15.

    Args:
        alpha, gamma: of the focal loss.
    """

    def __init__(self, alpha: float = 1.0, gamma: float = 2.0) -> None:
        super().__init__()
        self.alpha, self.gamma = alpha, gamma

    def forward(self, image_logits: Tensor, depth_logits: Tensor, mask: Tensor) -> Tensor:
        """(B, 1, H, W) logits of each modality and mask to a 0-d tensor."""
        return cross_modal_focal(image_logits, depth_logits, mask, self.alpha, self.gamma)
