"""Benchmarks in their original folder layouts, registered in fast-reid's ``DATASET_REGISTRY``."""

from fastreid_mm.data.datasets.cross_modality import INFRARED, VISIBLE, CrossModalityDataset
from fastreid_mm.data.datasets.regdb import RegDB
from fastreid_mm.data.datasets.sysu_mm01 import SYSUMM01

__all__ = ["INFRARED", "VISIBLE", "CrossModalityDataset", "RegDB", "SYSUMM01"]
