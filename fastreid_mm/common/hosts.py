"""Checks that the packages of a command are installed before it starts, and the line that says it loads them."""

import sys

from fastreid_mm.common.errors import require_packages
from fastreid_mm.common.requirements import FASTREID, MMSEG, SCORES, VISUALIZE

NAMES = {"fastreid": "fast-reid", "mmseg": "mmsegmentation"}
"""Hosts by their modules, whose import takes seconds."""


def say_loading(host: str) -> None:
    """Say on standard error that a host is being loaded, unless it is loaded already."""
    if host not in sys.modules:
        print(f"loading {NAMES[host]} ...", file=sys.stderr, flush=True)


def require_fastreid() -> None:
    """Raise :class:`InputError` unless fast-reid and its requirements are installed."""
    require_packages("fastreid", "fastreid", *FASTREID)


def require_mmseg() -> None:
    """Raise :class:`InputError` unless mmsegmentation and its requirements are installed."""
    require_packages("mmseg", *MMSEG, "py_sod_metrics")


def require_saliency_scores() -> None:
    """Raise :class:`InputError` unless the packages that read and score saliency maps are installed."""
    require_packages("mmseg", *SCORES, "py_sod_metrics")


def require_visualize() -> None:
    """Raise :class:`InputError` unless the packages that draw pictures are installed, besides fast-reid."""
    require_packages("visualize", *VISUALIZE, "pytorch_grad_cam")
