"""Select the losses of a network by name: ``MODEL.LOSSES.NAME`` names terms, which take what the head gives.

fast-reid chooses among four losses with a chain of ifs; here each is a class in a registry, and so are the papers'.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import signature
from typing import Any, NamedTuple, cast

from fastreid.utils import comm
from fastreid.utils.registry import Registry
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.batch_layout import Layout
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.keys import Key
from fastreid_mm.losses.label_checks import LACKING, no_positives, one_identity
from fastreid_mm.modeling.global_batch import gather
from fastreid_mm.modeling.heads.head import gives_of, heads_that_give, widths_of
from fastreid_mm.modeling.registered import require_registered

LOSS_REGISTRY = Registry("LOSSES")
"""Loss terms by the name that ``MODEL.LOSSES.NAME`` has for them."""

SCALE = Key(1.0, "The weight of the loss.", least=0, when="training")


class Labels(NamedTuple):
    """The labels of a batch, of all processes together where losses are computed."""

    targets: Tensor
    """(B,) identities, 0 .. N - 1."""
    modalities: Tensor | None = None
    """(B,) 0 for visible and 1 for infrared; None for samples of several modalities."""


def total(terms: Iterable[Tensor]) -> Tensor:
    """Sum one or more 0-d losses to a tensor; the type of Python's sum includes the integer 0 that it starts with."""
    return cast(Tensor, sum(terms))


class LossTerm(nn.Module):
    """A loss on what a head gives, with its weight. Terms of one's own derive from it, or do what it does.

    The numbers of a term lie under ``MODEL.LOSSES.<SECTION>``, and are the arguments of its constructor.

    Args:
        scale: the weight of the loss.
        options: its other numbers, arguments of :attr:`formula`, for :meth:`loss`.

    Raises:
        TypeError: the formula has no such argument.
    """

    formula: Callable[..., Tensor] | None = None
    """Function of the loss that takes the other numbers; a term without one has none, or a constructor for them."""

    SECTION = ""
    """Node under ``MODEL.LOSSES`` that has its keys; by default its name in capitals, as ``CENTER_LOSS``."""
    LOG_NAME = ""
    """Name of its value in logs; by default ``loss_`` and the section's name."""
    needs: tuple[str, ...] = ()
    """Names of the head's outputs that it takes."""
    needs_modalities = False
    """Whether it takes the modality of each image, which aligned samples do not have."""
    compares_identities = False
    """Whether a batch must have two identities or more."""
    compares_samples = False
    """Whether an identity of a batch must have two samples or more."""
    compares_modalities = False
    """Whether every identity of a batch must have visible and infrared images."""

    def __init__(self, scale: float = 1.0, **options) -> None:
        super().__init__()
        known = signature(self.formula).parameters if self.formula else {}
        for name in options:
            if name not in known:
                raise TypeError(f"{type(self).__name__} has no option {name!r}")
        self.scale, self.options = scale, options

    @classmethod
    def section(cls) -> str:
        """Return :attr:`SECTION` or its default."""
        return cls.SECTION or re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).upper()

    @classmethod
    def log_name(cls) -> str:
        """Return :attr:`LOG_NAME` or its default."""
        return cls.LOG_NAME or f"loss_{cls.section().lower().removesuffix('_loss')}"

    @classmethod
    def from_cfg(cls, cfg: CfgNode) -> "LossTerm":
        """Build it with the keys of its section, or with its defaults if it has none."""
        options = cfg.MODEL.LOSSES.get(cls.section(), {})
        return cls(**{key.lower(): options[key] for key in options})

    def make_parameters(self, widths: Mapping[str, int], num_classes: int) -> None:
        """Make the parameters of its own, if it has any; called once, before training.

        Args:
            widths: channels of the outputs it needs.
            num_classes: how many identities there are in training.
        """

    def loss(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """Compute the 0-d loss before it is weighted."""
        raise NotImplementedError

    def forward(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """Compute the weighted 0-d loss.

        Args:
            outputs: what the head gives of all processes' samples, by name.
            labels: of the same samples.
        """
        return self.scale * self.loss(outputs, labels)


class LossTerms(nn.Module):
    """The terms of a network, computed on the samples of all processes."""

    def __init__(self, terms: Mapping[str, Any]) -> None:
        super().__init__()
        self._terms = {name: term for name, term in terms.items() if not isinstance(term, nn.Module)}
        self.terms = nn.ModuleDict({name: term for name, term in terms.items() if isinstance(term, nn.Module)})
        self._names = tuple(terms)

    def __iter__(self):  # noqa: ANN204
        """Iterate over the terms."""
        return (self._terms.get(name) or self.terms[name] for name in self._names)

    @property
    def compares_identities(self) -> bool:
        """Whether a term needs two identities or more in a batch."""
        return any(getattr(term, "compares_identities", False) for term in self)

    def require_comparable(self, layout: Layout, samples: int) -> None:
        """Refuse a batch that lacks what a term compares; asks nobody but the host.

        Raises:
            InputError: names the term.
        """
        for name, term in zip(self._names, self):
            if getattr(term, "compares_identities", False) and layout.identities < 2:
                raise InputError(one_identity(name, samples))
            if getattr(term, "compares_samples", False) and not layout.repeated:
                raise InputError(no_positives(name, samples))
            if getattr(term, "compares_modalities", False) and not layout.complete:
                raise InputError(f"{name}: {LACKING}")

    def forward(self, outputs: Mapping[str, Tensor], labels: Labels) -> dict[str, Tensor]:
        """Compute named 0-d losses of a head's outputs for this process's samples, and of their labels."""
        if comm.get_world_size() > 1:
            outputs = {
                name: gather(outputs[name]) for name in dict.fromkeys(need for term in self for need in term.needs)
            }
            modalities = None if labels.modalities is None else gather(labels.modalities)
            labels = Labels(gather(labels.targets), modalities)
        return {log_name(name, term): term(outputs, labels) for name, term in zip(self._names, self)}


def log_name(name: str, term: object) -> str:
    """Name a term's value in logs."""
    named = getattr(term, "log_name", None)
    return named() if named else f"loss_{name.lower()}"


def loss_names(cfg: CfgNode) -> tuple[str, ...]:
    """Return the names of ``MODEL.LOSSES.NAME``.

    Raises:
        InputError: there is none, or one twice.
    """
    names = cfg.MODEL.LOSSES.NAME
    names = (names,) if isinstance(names, str) else tuple(names)
    if not names or len(set(names)) < len(names):
        raise InputError(f"MODEL.LOSSES.NAME {names} must name one loss or more, each once")
    return names


def build_terms(cfg: CfgNode) -> dict[str, Any]:
    """Build the terms that ``MODEL.LOSSES.NAME`` names, without the parameters of their own.

    Raises:
        InputError: it names none, one twice or one that there is not.
    """
    names = loss_names(cfg)
    for name in names:
        require_registered("MODEL.LOSSES.NAME", name, LOSS_REGISTRY)
    return {name: LOSS_REGISTRY.get(name).from_cfg(cfg) for name in names}


def needed_outputs(cfg: CfgNode) -> frozenset[str]:
    """Names of all outputs that the terms of a config need, so that a head makes no layers for others."""
    return frozenset(name for term in build_terms(cfg).values() for name in term.needs)


def build_losses(cfg: CfgNode, head: nn.Module, provides: Sequence[str]) -> LossTerms:
    """Build the terms that ``MODEL.LOSSES.NAME`` names, for what a head gives.

    Raises:
        InputError: a term needs what the head does not give; names both, and the heads that give it.
    """
    terms, given = build_terms(cfg), gives_of(type(head))
    for name, term in terms.items():
        missing = [output for output in term.needs if output not in given]
        if missing:
            others = ", ".join(heads_that_give(missing)) or "none"
            raise InputError(
                f"MODEL.LOSSES.NAME {name} needs {', '.join(missing)}, which MODEL.HEADS.NAME "
                f"{cfg.MODEL.HEADS.NAME} does not give; heads that do: {others}"
            )
        if getattr(term, "needs_modalities", False) and "modalities" not in provides:
            raise InputError(
                f"MODEL.LOSSES.NAME {name} needs images of one modality each, which MODEL.META_ARCHITECTURE "
                f"{cfg.MODEL.META_ARCHITECTURE} does not take"
            )
        if hasattr(term, "make_parameters"):
            term.make_parameters(widths_of(head), cfg.MODEL.HEADS.NUM_CLASSES)
    return LossTerms(terms)
