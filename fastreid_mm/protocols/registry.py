"""Test protocols by name. A data set says by which it is tested: its attribute ``protocol`` is the name."""

from collections.abc import Callable

from fastreid.data.datasets.bases import ImageDataset
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.data.modalities import require_corruptible
from fastreid_mm.evaluation.benchmarks import BENCHMARKS
from fastreid_mm.evaluation.protocol import Protocol
from fastreid_mm.protocols.evaluator import RetrievalEvaluator
from fastreid_mm.protocols.extras import require_averageable

PROTOCOLS: dict[str, type[Protocol]] = dict(BENCHMARKS)
"""Name to protocol, of the benchmarks and of whatever was registered."""


def register(name: str) -> Callable[[type[Protocol]], type[Protocol]]:
    """Test the data sets whose ``protocol`` is the name by a class.

    Raises:
        ValueError: the name is another's already.

    Example:
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
    """The evaluator of a data set's protocol; fast-reid's own data sets name none and are Market's.

    Raises:
        InputError: no protocol has that name, its images cannot be corrupted as ``TEST.CORRUPTION`` asks or averaged as
            ``TEST.AQE`` does, and what the protocol and the evaluator raise.
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
