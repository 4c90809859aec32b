"""Batch normalization is folded where the features stay the same, and nowhere else."""

import copy

import pytest
import timm
import torch
from timm.layers import BatchNormAct2d, Conv2dSame
from torch import nn

from fastreid_mm.modeling.folding import fold_batch_norm
from fastreid_mm.modeling.global_batch_norm import GlobalBatchNorm, synchronize_batch_norm


def convolution(channels=4, **options):
    return nn.Conv2d(channels, 4, 3, padding=1, **options)


class Branches(nn.Module):
    """One convolution, followed by the normalization of the branch that is asked for."""

    def __init__(self):
        super().__init__()
        self.convolution, self.first, self.second = convolution(), nn.BatchNorm2d(4), nn.BatchNorm2d(4)
        self.branch = "first"

    def forward(self, images):
        return getattr(self, self.branch)(self.convolution(images))


class Reused(nn.Module):
    """A convolution whose values are used beside the normalized ones, too."""

    def __init__(self):
        super().__init__()
        self.convolution, self.norm = convolution(), nn.BatchNorm2d(4)

    def forward(self, images):
        maps = self.convolution(images)
        return maps + self.norm(maps)


def trained(network):
    """Give a network other statistics and weights of normalization than those of its start."""
    torch.manual_seed(0)
    for norm in network.modules():
        if isinstance(norm, nn.modules.batchnorm._BatchNorm):
            if norm.track_running_stats:
                norm.running_mean.uniform_(-1, 1)
                norm.running_var.uniform_(0.5, 2)
            if norm.affine:
                nn.init.uniform_(norm.weight, 0.5, 2)
                nn.init.uniform_(norm.bias, -1, 1)
    return network.eval()


def norms_of(network):
    return [part for part in network.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]


def folded(network, size=8):
    """Fold a network; its own weights and the features stay the same."""
    network.double()
    images, state = torch.rand(2, 4, size, size).double(), copy.deepcopy(network.state_dict())
    found = fold_batch_norm(network, lambda each: each(images))
    torch.testing.assert_close(found(images), network(images))
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())
    return found


@pytest.mark.parametrize(
    "parts",
    [
        (convolution(), nn.BatchNorm2d(4)),
        (convolution(bias=False), nn.BatchNorm2d(4, affine=False), nn.ReLU(), convolution(), nn.BatchNorm2d(4)),
        (convolution(groups=4), BatchNormAct2d(4), convolution()),
        (Conv2dSame(4, 4, 3, stride=2), nn.SyncBatchNorm(4)),
        (convolution(), GlobalBatchNorm(BatchNormAct2d(4))),
    ],
    ids=["plain", "two", "activation", "same", "synchronized"],
)
def test_a_normalization_after_a_convolution_is_folded(parts):
    assert not norms_of(folded(trained(nn.Sequential(*parts))))


@pytest.mark.parametrize(
    "network",
    [
        nn.Sequential(nn.BatchNorm2d(4), convolution()),
        nn.Sequential(convolution(), nn.ReLU(), nn.BatchNorm2d(4)),
        nn.Sequential(convolution(), nn.ReLU(inplace=True), nn.BatchNorm2d(4)),
        nn.Sequential(convolution(), nn.BatchNorm2d(4, track_running_stats=False)),
        nn.Sequential(convolution(), nn.InstanceNorm2d(4)),
        nn.Sequential(nn.utils.parametrizations.weight_norm(convolution()), nn.BatchNorm2d(4)),
        nn.Sequential(convolution(), norm := nn.BatchNorm2d(4), nn.ReLU(), norm),
        Reused(),
    ],
    ids=["before", "later", "in place", "own statistics", "instance", "weights made", "twice", "reused"],
)
def test_other_normalizations_stay(network):
    network = trained(network)
    assert len(norms_of(folded(network))) == len(norms_of(network))


def test_what_stays_in_training_mode_is_left_alone():
    network = trained(nn.Sequential(convolution(), nn.BatchNorm2d(4, momentum=0), convolution(), nn.BatchNorm2d(4)))
    network[1].train()
    images = torch.rand(2, 4, 8, 8)
    found = fold_batch_norm(network, lambda each: each(images))
    assert len(norms_of(found)) == 1
    torch.testing.assert_close(found(images), network(images))


def test_a_normalization_for_other_images_keeps_its_convolution():
    network = trained(Branches())
    found, images = folded(network), torch.rand(2, 4, 8, 8).double()
    network.branch = found.branch = "second"
    assert torch.equal(found(images), network(images))


def test_features_that_cannot_be_compared_leave_the_network_as_it_is():
    network = trained(nn.Sequential(convolution(), nn.BatchNorm2d(4)))
    assert len(norms_of(fold_batch_norm(network, lambda each: each(torch.full((1, 4, 8, 8), torch.nan))))) == 1


@pytest.mark.parametrize("name", ["resnet18", "tf_efficientnet_lite0", "regnety_002", "densenet121", "mobilenetv2_050"])
@pytest.mark.parametrize("synchronized", [False, True])
def test_networks_of_timm_compute_the_same(name, synchronized):
    network = trained(timm.create_model(name, num_classes=0, in_chans=4))
    if synchronized:
        synchronize_batch_norm(network)
    kept = norms_of(folded(network, 64))
    assert len(kept) < len(norms_of(network)) / 2 + 2 and (name == "densenet121" or not kept)
