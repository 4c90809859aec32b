"""Multi-modal person and vehicle re-identification on top of fast-reid.

Importing this package is light: neither fast-reid nor timm is loaded. Architectures, data sets and samplers are
registered when :mod:`fastreid_mm.modeling` and :mod:`fastreid_mm.data` are imported, test protocols when
:mod:`fastreid_mm.protocols` is.
"""

from fastreid_mm.config import add_mm_config

__all__ = ["add_mm_config"]
__version__ = "0.1.0"
