"""Evaluator for fast-reid of the test protocols of :mod:`fastreid_mm.evaluation`, which are found by name."""

import fastreid_mm.compat  # noqa: F401  makes the host importable: first
from fastreid_mm.evaluation.protocol import Protocol
from fastreid_mm.evaluation.side import Distance, Ranking
from fastreid_mm.protocols.corrupted import corrupted_results
from fastreid_mm.protocols.evaluator import RetrievalEvaluator
from fastreid_mm.protocols.ranked_lists import draw_ranked_lists
from fastreid_mm.protocols.registry import PROTOCOLS, build_evaluator, register

__all__ = [
    "PROTOCOLS",
    "Distance",
    "Protocol",
    "Ranking",
    "RetrievalEvaluator",
    "build_evaluator",
    "corrupted_results",
    "draw_ranked_lists",
    "register",
]
