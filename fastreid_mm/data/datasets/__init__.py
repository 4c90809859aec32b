"""Benchmarks in their original folder layouts, registered in fast-reid's ``DATASET_REGISTRY``."""

from fastreid_mm.data.datasets.aligned import AlignedDataset
from fastreid_mm.data.datasets.aligned_table import AlignedTable
from fastreid_mm.data.datasets.cross_modality import CrossModalityDataset
from fastreid_mm.data.datasets.llcm import LLCM
from fastreid_mm.data.datasets.market1501_mm import Market1501MM
from fastreid_mm.data.datasets.msvr310 import MSVR310
from fastreid_mm.data.datasets.regdb import RegDB
from fastreid_mm.data.datasets.rgbn300 import RGBN300, RGBNT100
from fastreid_mm.data.datasets.rgbnt201 import RGBNT201
from fastreid_mm.data.datasets.sysu_mm01 import SYSUMM01
from fastreid_mm.data.datasets.table import Table
from fastreid_mm.data.items import Item, Source

__all__ = [
    "LLCM",
    "MSVR310",
    "RGBN300",
    "RGBNT100",
    "RGBNT201",
    "SYSUMM01",
    "AlignedDataset",
    "AlignedTable",
    "CrossModalityDataset",
    "Item",
    "Market1501MM",
    "RegDB",
    "Source",
    "Table",
]
