"""Record of a training in ``run.json``: versions, revision, seed and checksums."""

import hashlib
import json
import subprocess
from importlib.metadata import PackageNotFoundError, version

import torch

from fastreid_mm.common.shipped_configs import PACKAGES
from fastreid_mm.common.version import VERSION


def run_record(*hosts: str, **facts: object) -> dict[str, object]:
    """Gather the facts that must be equal for two runs to give the same numbers.

    Args:
        hosts: distributions whose versions are recorded besides those that both hosts need.
        facts: further facts: ``seed``, ``deterministic``, checksums of ``config`` and ``data``, ``device``,
            ``processes``.
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
    """Compute the SHA-256 of a list of samples, independent of the folder of the data sets.

    Args:
        samples: the list as JSON.
        root: the folder of the data sets, with which the paths in the list begin.
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
