"""Test protocols, one file each. Importing this package registers them."""

from fastreid_mm import compat  # noqa: F401  makes the host importable: first
from fastreid_mm.protocols.corrupted import corrupted_results
from fastreid_mm.protocols.evaluator import Distance, RetrievalEvaluator
from fastreid_mm.protocols.llcm import LLCMEvaluator
from fastreid_mm.protocols.market import MarketEvaluator
from fastreid_mm.protocols.msvr310 import MSVR310Evaluator
from fastreid_mm.protocols.ranked_lists import draw_ranked_lists
from fastreid_mm.protocols.regdb import RegDBEvaluator
from fastreid_mm.protocols.registry import PROTOCOLS, build_evaluator, register
from fastreid_mm.protocols.sysu import SYSUEvaluator

__all__ = [
    "PROTOCOLS",
    "Distance",
    "LLCMEvaluator",
    "MSVR310Evaluator",
    "MarketEvaluator",
    "RegDBEvaluator",
    "RetrievalEvaluator",
    "SYSUEvaluator",
    "build_evaluator",
    "corrupted_results",
    "draw_ranked_lists",
    "register",
]
