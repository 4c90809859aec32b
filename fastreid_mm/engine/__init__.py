"""Training and testing on top of fast-reid's trainer, repaired for a current PyTorch, CPU or GPU."""

import fastreid_mm.compat  # noqa: F401  makes the host importable: first
from fastreid_mm.engine.launch import launch
from fastreid_mm.engine.setup import setup
from fastreid_mm.engine.trainer import MMTrainer

__all__ = ["MMTrainer", "launch", "setup"]
