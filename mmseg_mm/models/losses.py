"""Losses of MutualFormer's saliency network for mmsegmentation's registry."""

from mmseg.registry import MODELS
from torch import Tensor, nn

from fastreid_mm.losses import cross_modal_focal, pixel_position_aware


@MODELS.register_module()
class PixelPositionAwareLoss(nn.Module):
    """Pixel-position-aware loss (:func:`pixel_position_aware`, eq. 13).

    Args:
        weighted_bce: whether the binary cross-entropy is weighted, which it is not in F3Net's released code.
        loss_weight: the factor of the loss.
        loss_name: the name of the loss in the log.
    """

    def __init__(self, weighted_bce: bool = True, loss_weight: float = 1.0, loss_name: str = "loss_ppa") -> None:
        super().__init__()
        self.weighted_bce, self.loss_weight, self.loss_name = weighted_bce, loss_weight, loss_name

    def forward(self, logits: Tensor, mask: Tensor, **_: object) -> Tensor:
        """Compute the loss, a 0-d tensor, of logits (B, 1, H, W) and a mask (B, 1, H, W) or (B, H, W).

        Further arguments, which mmsegmentation gives to every loss, are not used.
        """
        return self.loss_weight * pixel_position_aware(logits, mask.view_as(logits), self.weighted_bce)


@MODELS.register_module()
class CrossModalFocalLoss(nn.Module):
    """Cross-modal focal loss (:func:`cross_modal_focal`), the regularization of one level in eq. 15."""

    def __init__(self, alpha: float = 1.0, gamma: float = 2.0) -> None:
        super().__init__()
        self.alpha, self.gamma = alpha, gamma

    def forward(self, image_logits: Tensor, depth_logits: Tensor, mask: Tensor) -> Tensor:
        """Compute the loss, a 0-d tensor, of the logits (B, 1, H, W) of each modality and a mask (B, 1, H, W)."""
        return cross_modal_focal(image_logits, depth_logits, mask, self.alpha, self.gamma)
