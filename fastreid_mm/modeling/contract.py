"""The contract of a meta-architecture with trainer, evaluators, exporters and indexes, whoever wrote it."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation.distances import pairwise_distance


class MetaArchitecture:
    """All that may be asked of a model but to be called, and the answers of one that has nothing to say.

    Called with a batch, a model in training gives a dict of 0-d losses, and in evaluation (B, D) features.
    """

    metric: str
    """"cosine" or "euclidean", of :meth:`pairwise_distance`."""

    compares_identities: bool = False
    """Whether a loss needs two identities or more in a batch, over all processes."""

    training_only: tuple[str, ...] = ()
    """Parts of names of tensors that features do not depend on; a checkpoint to test with may lack them."""

    @property
    def feature_size(self) -> int:
        """D, the columns of features of batches that say which modalities there are; 0 if only features can tell."""
        return 0

    @property
    def remark(self) -> str:
        """The model's own line in the log of a test; empty for none."""
        return ""

    @property
    def query_adaptive_parts(self) -> int:
        """The p of features that are packed :class:`QueryAdaptiveFeature`s of p parts; 0 of all others."""
        return 0

    @property
    def compares_plainly(self) -> bool:
        """Whether :meth:`pairwise_distance` is :attr:`metric` between features as they are, and nothing more."""
        return getattr(self.pairwise_distance, "__func__", None) is MetaArchitecture.pairwise_distance

    def pairwise_distance(self, query: Tensor, gallery: Tensor) -> Tensor:
        """(Nq, D) and (Ng, D) features to (Nq, Ng) distances; need not be symmetric."""
        return pairwise_distance(query, gallery, self.metric)

    def plain_features(self, features: Tensor) -> Tensor:
        """(N, C) features to (N, D) that may be averaged, and that :attr:`metric` alone compares as the model does.

        Raises:
            InputError: there are none such.
        """
        if not self.compares_plainly:
            raise InputError("TEST.AQE.ENABLED: features that a model compares in a way of its own have no mean")
        return features

    def modalities_held(self, features: Tensor) -> Tensor:
        """(N, D) features to (N, M) bool, which of the modalities of a sample each was made of; M is 1 for images."""
        return torch.ones(len(features), 1, dtype=torch.bool, device=features.device)

    def pretrained_parameters(self) -> Iterator[nn.Parameter]:
        """Give the parameters that were loaded from pretrained weights (see ``SOLVER.PRETRAINED_LR_FACTOR``)."""
        return iter(())

    def lr_factors(self) -> Iterator[tuple[nn.Parameter, float]]:
        """Parameters with a factor of their own on the learning rate."""
        return iter(())

    def set_training_length(self, iterations: int) -> None:
        """Say how many iterations training has, before it starts."""


_NAMES = frozenset(name for name in vars(MetaArchitecture) if not name.startswith("_"))
"""Names of the contract but ``metric``, which the config says."""


class _Answering(MetaArchitecture):
    """Stands for a model of another kind: what that has of the contract's names, and the defaults for the others."""

    def __init__(self, model: nn.Module, metric: str) -> None:
        self._model, self.metric = model, metric

    def __getattribute__(self, name: str) -> Any:
        if name in _NAMES:  # of attributes, methods and properties alike
            model = object.__getattribute__(self, "_model")
            if hasattr(model, name):
                return getattr(model, name)
        return object.__getattribute__(self, name)


def as_meta_architecture(model: nn.Module, metric: str) -> MetaArchitecture:
    """Whom to ask about a model: itself, or, for fast-reid's own architectures and the like, one who answers for it.

    Args:
        model: not wrapped for several processes.
        metric: ``TEST.METRIC``, of models that have no distance of their own.
    """
    return model if isinstance(model, MetaArchitecture) else _Answering(model, metric)
