"""Multi-modal person and vehicle re-identification on top of fast-reid.

Importing this package is light: neither fast-reid nor timm is loaded. Architectures, heads, losses, data sets and
samplers are registered when :mod:`fastreid_mm.methods` and :mod:`fastreid_mm.data` are imported, test protocols when
:mod:`fastreid_mm.protocols` is.
"""

from typing import TYPE_CHECKING, Any

from fastreid_mm.common.version import VERSION

if TYPE_CHECKING:
    from fastreid_mm.inference.predictor import Predictor
    from fastreid_mm.settings.config import add_mm_config

__all__ = ["Predictor", "add_mm_config"]
__version__ = VERSION


def __getattr__(name: str) -> Any:
    """Import what needs fast-reid when it is asked for."""
    if name in __all__:
        from fastreid_mm.common.hosts import require_fastreid

        require_fastreid()
        from fastreid_mm.inference.predictor import Predictor
        from fastreid_mm.settings.config import add_mm_config

        return {"Predictor": Predictor, "add_mm_config": add_mm_config}[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
