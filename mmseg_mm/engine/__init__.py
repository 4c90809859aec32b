"""Resuming, records of runs, safe checkpoints, and mmsegmentation's scripts and visualization for saliency."""

from mmseg_mm.engine.checkpoint_hook import ResumableCheckpointHook
from mmseg_mm.engine.data_root import DataRootHook
from mmseg_mm.engine.epoch_seed import EpochSeedHook, seed_worker
from mmseg_mm.engine.host_script import run_host_script
from mmseg_mm.engine.references import ReferencesHook
from mmseg_mm.engine.run_record import RunRecordHook
from mmseg_mm.engine.safe_checkpoint import SafeCheckpointHook, read_checkpoint
from mmseg_mm.engine.visualization import SaliencyVisualizationHook, SaliencyVisualizer

__all__ = [
    "DataRootHook",
    "EpochSeedHook",
    "ReferencesHook",
    "ResumableCheckpointHook",
    "RunRecordHook",
    "SafeCheckpointHook",
    "SaliencyVisualizationHook",
    "SaliencyVisualizer",
    "read_checkpoint",
    "run_host_script",
    "seed_worker",
]
