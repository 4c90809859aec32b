"""CMT and its head: part features, completed with those of the missing modality, in a gallery that queries modulate."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from fastreid.config import configurable
from fastreid.modeling.heads import REID_HEADS_REGISTRY
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation import QueryAdaptiveFeature, query_adaptive_distance
from fastreid_mm.evaluation.distances import pairwise_distance
from fastreid_mm.layers import ModalityCompensation, ModulationGenerator
from fastreid_mm.modeling.heads.part_head import PartHead
from fastreid_mm.modeling.meta_arch.two_stream import TwoStream
from fastreid_mm.modeling.terms import needed_outputs


@META_ARCH_REGISTRY.register()
class CMT(TwoStream):
    """``TwoStream`` under the paper's name; what is CMT in it are its head and losses."""


@REID_HEADS_REGISTRY.register()
class CMTHead(PartHead):
    """Part features with CMT's two alignments, each of which is there if a loss term asks for what it makes.

    The feature of an image is a packed :class:`QueryAdaptiveFeature`, (B, (p + 2) * d): its complete representation,
    with the scale and the shift by which it modulates a gallery as the query. Without the generator it is the complete
    representation alone, (B, p * d).

    Args:
        compensation: makes the modality-level alignment (section 3.1); None leaves it out (table 3).
        generator: makes the instance-level alignment (section 3.2); None leaves it out (table 3). Both are made after
            the parts, so that these start from the same weights in every row of the table.
        add_to_encoded: complete the encoded part features rather than the raw ones (eq. 5).
        compensation_apart: whether complete features carry no gradient to ``compensation``.
        generator_lr_factor: factor on the learning rate of ``generator``.
        generator_alone: whether scale and shift carry no gradient to the features they are made of.
        parts: arguments of :class:`PartHead`.
    """

    takes = ("maps", "modalities")
    gives = (*PartHead.gives, "raw_parts", "compensated_parts", "scale", "shift")

    @configurable
    def __init__(
        self,
        *,
        compensation: Callable[[], ModalityCompensation] | None,
        generator: Callable[[], ModulationGenerator] | None,
        add_to_encoded: bool,
        compensation_apart: bool,
        generator_lr_factor: float,
        generator_alone: bool,
        **parts,
    ) -> None:
        super().__init__(**parts)
        self.compensation = compensation() if compensation else None
        self.generator = generator() if generator else None
        self.add_to_encoded, self.generator_lr_factor = add_to_encoded, generator_lr_factor
        self.compensation_apart, self.generator_alone = compensation_apart, generator_alone

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """Read the arguments of the constructor from the config."""
        options, parts, needed = cfg.MODEL.CMT, super().from_config(cfg), needed_outputs(cfg)
        dim = parts["dim"] or parts["in_dim"]
        modulates = bool(needed & {"scale", "shift"})
        _check(cfg, dim, modulates)
        completes = bool(needed & {"raw_parts", "compensated_parts"})
        return parts | {
            "compensation": _compensation(options, dim, parts["parts"]) if completes else None,
            "generator": _generator(options, dim) if modulates else None,
            "add_to_encoded": options.RESIDUAL_FROM == "encoded",
            "compensation_apart": options.DETACH_COMPENSATION,
            "generator_lr_factor": options.GENERATOR_LR_FACTOR,
            "generator_alone": modulates and cfg.MODEL.LOSSES.MODULATION_DISCRIMINATIVE.DETACH_FEATURES,
        }

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor] | Tensor:
        """See :class:`Head`."""
        raw = self.part_features(inputs["maps"])  # (B, p, d), "F"
        complete, compensated = self.complete(raw, inputs["modalities"])
        modulation = ()
        if self.generator is not None:
            modulation = self.generator(complete.detach() if self.generator_alone else complete)
        if not self.training:
            return QueryAdaptiveFeature(complete, *modulation).pack() if modulation else complete.flatten(1)
        outputs = self.classified(complete) | dict(zip(("scale", "shift"), modulation))
        return outputs if compensated is None else outputs | {"raw_parts": raw, "compensated_parts": compensated}

    def complete(self, parts: Tensor, modalities: Tensor) -> tuple[Tensor, Tensor | None]:
        """(B, p, d) part features of images of (B,) modalities to complete representations (B, p, d), eq. 5.

        With them, the features (B, p, d) of the missing modality in them, or None.
        """
        if self.compensation is None:
            return parts, None
        encoded, compensated = self.compensation(parts, modalities)
        added = compensated.detach() if self.compensation_apart and self.training else compensated
        return (encoded if self.add_to_encoded else parts) + added, compensated

    def lr_factors(self) -> Iterator[tuple[nn.Parameter, float]]:
        """Give the weights of the generator, with their factor on the learning rate."""
        if self.generator is not None:
            yield from ((value, self.generator_lr_factor) for value in self.generator.parameters())

    @property
    def feature_size(self) -> int:
        """See :class:`Head`."""
        return (self.parts + (0 if self.generator is None else 2)) * self.dim

    @property
    def query_adaptive_parts(self) -> int:
        """The number of parts that the features have; 0 without the generator."""
        return 0 if self.generator is None else self.parts

    @property
    def compares_plainly(self) -> bool:
        """Whether no query modulates the gallery."""
        return self.generator is None

    def pairwise_distance(self, query: Tensor, gallery: Tensor, metric: str) -> Tensor:
        """(Nq, D) and (Ng, D) features to (Nq, Ng) distances, the gallery modulated by each query; not symmetric."""
        if self.generator is None:
            return pairwise_distance(query, gallery, metric)
        asking, asked = (QueryAdaptiveFeature.unpack(features, self.parts) for features in (query, gallery))
        return query_adaptive_distance(asking.complete, asked.complete, asking.scale, asking.shift, metric)


def _compensation(options: CfgNode, dim: int, parts: int) -> Callable[[], ModalityCompensation]:
    sizes = (dim, parts, options.HEADS, options.FFN_RATIO, options.DROPOUT, options.DECODER)
    return partial(ModalityCompensation, *sizes, *((options.COMPENSATION_INIT,) if options.DECODER == "block" else ()))


def _generator(options: CfgNode, dim: int) -> Callable[[], ModulationGenerator]:
    return partial(ModulationGenerator, dim, options.GENERATOR_REDUCTION, options.GENERATOR_SCALE)


def _check(cfg: CfgNode, dim: int, modulates: bool) -> None:
    if modulates and cfg.TEST.AQE.ENABLED:
        raise InputError(
            "TEST.AQE.ENABLED: CMT compares a query with what it makes of the gallery, which is no mean's "
            "place; it can be done without ModulationDiscriminative in MODEL.LOSSES.NAME"
        )
    for key in ("HEADS", "GENERATOR_REDUCTION"):
        if dim % cfg.MODEL.CMT[key]:
            raise InputError(f"MODEL.CMT.{key} {cfg.MODEL.CMT[key]} does not divide the {dim} channels of a part")
