"""What a run was made with: versions, seed, config, revision and data."""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from fastreid.utils import comm
from yacs.config import CfgNode

import fastreid_mm
from fastreid_mm.evaluation.results import write_json

PACKAGES = ("torch", "torchvision", "fastreid", "timm", "numpy", "pillow")
NOT_OF_THE_RUN = ("OUTPUT_DIR",)
"""Keys that two runs of one config may differ in."""


def run_record(cfg: CfgNode, lists: dict[str, str]) -> dict:
    """What has to be alike for two runs to give the same numbers.

    Args:
        cfg: with the seed that was drawn.
        lists: data set and part to :func:`list_checksum`.
    """
    return {
        "versions": {
            "fastreid-mm": fastreid_mm.__version__,
            **{name: _version(name) for name in PACKAGES},
            "torch": torch.__version__,  # with its build
        },
        "revision": revision(),
        "seed": cfg.SEED,
        "deterministic": cfg.DETERMINISTIC,
        "config": config_checksum(cfg),
        "data": lists,
        "device": torch.cuda.get_device_name() if cfg.MODEL.DEVICE.startswith("cuda") else cfg.MODEL.DEVICE,
        "processes": comm.get_world_size(),
    }


def save_record(output_dir: str, record: dict) -> None:
    """Write ``run.json``, on the first process."""
    if comm.is_main_process():
        write_json(os.path.join(output_dir, "run.json"), record)


def config_checksum(cfg: CfgNode) -> str:
    """SHA-256 of a config, whatever folder it writes to."""
    cfg = cfg.clone()
    cfg.defrost()
    for key in NOT_OF_THE_RUN:
        del cfg[key]
    return _sha256(cfg.dump())


def list_checksum(items: Iterable[tuple]) -> str:
    """SHA-256 of a data set's items: paths below ``FASTREID_DATASETS``, identities, cameras and all else of them."""
    root = os.getenv("FASTREID_DATASETS", "datasets").rstrip(os.sep) + os.sep
    return _sha256("\n".join(json.dumps(item, default=str) for item in items).replace(json.dumps(root)[1:-1], ""))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def revision() -> str:
    """The git revision of this code, with "-dirty" if files were changed; empty if it lies in no repository."""
    project = Path(fastreid_mm.__file__).parent.parent
    if not (project / ".git").exists():
        return ""
    try:
        command = ["git", "-C", str(project), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    except (OSError, subprocess.SubprocessError):  # there is no git, or it does not trust the folder's owner
        return ""
