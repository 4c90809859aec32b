"""What numbers were made with: versions, revision and checksums."""

import hashlib
import subprocess
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

import fastreid_mm


def versions(packages: Iterable[str]) -> dict[str, str]:
    """The versions of this project, of PyTorch with its build, and of other packages."""
    found = {"fastreid-mm": fastreid_mm.__version__, "torch": torch.__version__}
    return found | {name: _version(name) for name in packages}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def checksum(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


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
