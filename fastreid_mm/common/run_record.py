"""What a training was made with, as ``run.json`` holds it: versions, revision, seed and checksums."""

import hashlib
import json
import subprocess
from importlib.metadata import PackageNotFoundError, version

import torch

from fastreid_mm.common.shipped_configs import PACKAGES
from fastreid_mm.common.version import VERSION


def run_record(*hosts: str, **facts: object) -> dict[str, object]:
    """Gather what has to be alike for two runs to give the same numbers.

    Args:
        hosts: distributions whose versions are told beside those that both hosts need.
        facts: of the run: ``seed``, ``deterministic``, checksums of ``config`` and ``data``, ``device``, ``processes``.
    """
    versions = {"fastreid-mm": VERSION, "torch": torch.__version__}
    versions |= {name: _version(name) for name in ("torchvision", *hosts, "timm", "numpy", "pillow")}
    return {"versions": versions, "revision": revision(), **facts}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def checksum(text: str) -> str:
    """Compute the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def samples_checksum(samples: str, root: str) -> str:
    """Compute the SHA-256 of a list of samples, whatever folder they lie in.

    Args:
        samples: the list as JSON.
        root: the folder that the paths in it begin with.
    """
    return checksum(samples.replace(json.dumps(root.rstrip("/") + "/")[1:-1], ""))


def revision() -> str:
    """Ask git for the revision of this code, with "-dirty" if files were changed; empty if it lies in no repository."""
    if not (PACKAGES / ".git").exists():
        return ""
    try:
        command = ["git", "-C", str(PACKAGES), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    except (OSError, subprocess.SubprocessError):  # there is no git, or it does not trust the folder's owner
        return ""
