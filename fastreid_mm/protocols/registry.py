"""Registry of test protocols by name, which data sets have as their attribute ``protocol``."""

from collections.abc import Callable

from fastreid.data.datasets.bases import ImageDataset
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.data.modalities import require_corruptible
from fastreid_mm.evaluation.benchmarks import BENCHMARKS
from fastreid_mm.evaluation.protocol import Protocol
from fastreid_mm.evaluation.table import Table
from fastreid_mm.protocols.evaluator import RetrievalEvaluator
from fastreid_mm.protocols.extras import require_averageable

PROTOCOLS: dict[str, type[Protocol]] = {**BENCHMARKS, "table": Table}
"""Protocols by name: those of the benchmarks, of tables and all that were registered."""


def register(name: str) -> Callable[[type[Protocol]], type[Protocol]]:
    """Register a class as the protocol of the data sets whose ``protocol`` is the name.

    Raises:
        ValueError: the name is already registered.

    Examples:
        >>> @register("open")
        ... class Open(BENCHMARKS["market"]):
        ...     rule = "none"
    """

    def keep(protocol: type[Protocol]) -> type[Protocol]:
        if name in PROTOCOLS:
            raise ValueError(f"protocol {name!r} is {PROTOCOLS[name].__name__}'s already")
        PROTOCOLS[name] = protocol
        return protocol

    return keep


def build_evaluator(cfg: CfgNode, dataset: ImageDataset) -> RetrievalEvaluator:
    """Build the evaluator of a data set's protocol; fast-reid's own data sets name none and use Market's.

    Raises:
        InputError: no protocol has that name, ``TEST.CORRUPTION`` or ``TEST.AQE`` are impossible on its images, or the
            protocol or the evaluator refuses the data set.
    """
    require_corruptible(cfg, dataset)
    require_averageable(cfg, dataset)
    name = getattr(dataset, "protocol", "market")
    if name not in PROTOCOLS:
        raise InputError(
            f"{type(dataset).__name__} asks for the protocol {name!r}, which is not one of "
            f"{', '.join(sorted(PROTOCOLS))}"
        )
    return RetrievalEvaluator(cfg, dataset, PROTOCOLS[name].from_cfg(cfg, dataset))
