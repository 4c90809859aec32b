"""The protocols of the benchmarks by their names."""

from fastreid_mm.evaluation.llcm import LLCM
from fastreid_mm.evaluation.market import Market
from fastreid_mm.evaluation.msvr310 import MSVR310
from fastreid_mm.evaluation.protocol import Protocol
from fastreid_mm.evaluation.regdb import RegDB
from fastreid_mm.evaluation.sysu_mm01 import SYSU

BENCHMARKS: dict[str, type[Protocol]] = {
    "sysu": SYSU,
    "regdb": RegDB,
    "llcm": LLCM,
    "market": Market,
    "msvr310": MSVR310,
}
"""Name to protocol, of those that this package has."""
