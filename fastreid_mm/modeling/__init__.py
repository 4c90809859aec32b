"""Backbones and meta-architectures. Importing this package registers them with fast-reid."""

import fastreid_mm.compat  # noqa: F401  makes the host importable: first
from fastreid_mm.modeling import backbones, meta_arch
from fastreid_mm.modeling.terms import LOSS_REGISTRY

__all__ = ["LOSS_REGISTRY", "backbones", "meta_arch"]
