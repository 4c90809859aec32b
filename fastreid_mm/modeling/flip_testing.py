"""Features that are the mean of those of an image and of its mirror image, ``TEST.FLIP``."""

from torch import Tensor, nn


class FlipTesting(nn.Module):
    """A model whose features are averaged with those of the images flipped left to right.

    fast-reid's own flips the third axis from the left, which turns aligned images upside down.

    Args:
        model: a meta-architecture.
        enabled: whether to flip; if not, features are the model's.
    """

    def __init__(self, model: nn.Module, enabled: bool) -> None:
        super().__init__()
        self.model, self.enabled = model, enabled
        self.training = model.training  # the mode that the host puts it back into after a test

    def forward(self, batch: dict) -> Tensor:
        """Compute (B, D) features of a batch of ``images`` (B, 3, H, W) or (B, M, 3, H, W)."""
        return features_both_ways(self.model, batch, self.enabled)


def features_both_ways(model: nn.Module, batch: dict, flip: bool) -> Tensor:
    """Compute (B, D) features of a batch, with ``flip`` the mean of both ways round."""
    features = model(batch)
    if flip:
        features = (features + model(batch | {"images": batch["images"].flip(-1)})) / 2
    return features
