"""Refuse to start a command without its host, or without what pictures need."""

from fastreid_mm.common.errors import require_packages
from fastreid_mm.common.requirements import FASTREID, MMSEG, VISUALIZE


def require_fastreid() -> None:
    """Raise :class:`InputError` unless fast-reid and all it needs are installed."""
    require_packages("fastreid", "fastreid", *FASTREID)


def require_mmseg() -> None:
    """Raise :class:`InputError` unless mmsegmentation and all it needs are installed."""
    require_packages("mmseg", *MMSEG, "py_sod_metrics")


def require_visualize() -> None:
    """Raise :class:`InputError` unless all that pictures need besides fast-reid is installed."""
    require_packages("visualize", *VISUALIZE, "pytorch_grad_cam")
