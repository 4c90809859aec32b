"""Hooks that make training exact to resume, and checkpoints safe to load."""

from mmseg_mm.engine.epoch_seed import EpochSeedHook, seed_worker
from mmseg_mm.engine.host_script import run_host_script
from mmseg_mm.engine.safe_checkpoint import SafeCheckpointHook, read_checkpoint

__all__ = ["EpochSeedHook", "SafeCheckpointHook", "read_checkpoint", "run_host_script", "seed_worker"]
