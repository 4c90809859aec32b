"""The batch-normalised neck between metric and identity losses (Luo et al., CVPRW 2019, section 3)."""

from torch import nn


def bn_neck(dim: int) -> nn.BatchNorm1d:
    """A BatchNorm over (B, dim) features whose bias stays at zero."""
    neck = nn.BatchNorm1d(dim)
    neck.bias.requires_grad_(False)
    return neck


def identity_classifier(dim: int, num_classes: int, bias: bool = False) -> nn.Linear:
    """A linear classifier started near zero; the one that goes with a BNNeck has no bias."""
    classifier = nn.Linear(dim, num_classes, bias)
    nn.init.normal_(classifier.weight, std=0.001)
    if bias:
        nn.init.zeros_(classifier.bias)
    return classifier
