"""Multi-modal person and vehicle re-identification on top of fast-reid.

Importing this package is light: neither fast-reid nor timm is loaded. Architectures, data sets and samplers are
registered when :mod:`fastreid_mm.modeling` and :mod:`fastreid_mm.data` are imported, test protocols when
:mod:`fastreid_mm.protocols` is.
"""

from typing import TYPE_CHECKING, Any

from fastreid_mm.config import add_mm_config

if TYPE_CHECKING:
    from fastreid_mm.engine.predictor import Predictor

__all__ = ["Predictor", "add_mm_config"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """:class:`Predictor` when it is asked for: it needs fast-reid."""
    if name == "Predictor":
        from fastreid_mm.commands.hosts import require_fastreid

        require_fastreid()
        from fastreid_mm.engine.predictor import Predictor

        return Predictor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
