"""Data sets, sampler and loaders. Importing this package registers the data sets with fast-reid."""

import fastreid_mm.compat  # noqa: F401  makes the host importable: first
from fastreid_mm.data import datasets
from fastreid_mm.data.build import build_test_loader, build_train_loader
from fastreid_mm.data.sampler import CrossModalityIdentitySampler

__all__ = ["CrossModalityIdentitySampler", "build_test_loader", "build_train_loader", "datasets"]
