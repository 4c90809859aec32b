"""Checks that the packages of a command are installed before it starts."""

from fastreid_mm.common.errors import require_packages
from fastreid_mm.common.requirements import FASTREID, MMSEG, VISUALIZE


def require_fastreid() -> None:
    """Raise :class:`InputError` unless fast-reid and its requirements are installed."""
    require_packages("fastreid", "fastreid", *FASTREID)


def require_mmseg() -> None:
    """Raise :class:`InputError` unless mmsegmentation and its requirements are installed."""
    require_packages("mmseg", *MMSEG, "py_sod_metrics")


def require_visualize() -> None:
    """Raise :class:`InputError` unless the packages that draw pictures are installed, besides fast-reid."""
    require_packages("visualize", *VISUALIZE, "pytorch_grad_cam")
