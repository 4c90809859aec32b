"""The BNNeck, a batch normalization between the features of metric losses and those of identity losses.

Luo et al., "Bag of Tricks and A Strong Baseline for Deep Person Re-identification", CVPR Workshops 2019, section 3,
https://arxiv.org/abs/1903.07071
"""

from torch import nn


def bn_neck(dim: int) -> nn.BatchNorm1d:
    """Make a BatchNorm over (B, dim) features whose bias stays at zero.

    Examples:
        >>> neck = bn_neck(2048)
        >>> neck.weight.requires_grad, neck.bias.requires_grad
        (True, False)
    """
    neck = nn.BatchNorm1d(dim)
    neck.bias.requires_grad_(False)
    return neck


def identity_classifier(dim: int, num_classes: int, bias: bool = False) -> nn.Linear:
    """Make a linear classifier whose weights start near zero; after a BNNeck it has no bias.

    Examples:
        >>> identity_classifier(2048, num_classes=395)
        Linear(in_features=2048, out_features=395, bias=False)
    """
    classifier = nn.Linear(dim, num_classes, bias)
    nn.init.normal_(classifier.weight, std=0.001)
    if bias:
        nn.init.zeros_(classifier.bias)
    return classifier
