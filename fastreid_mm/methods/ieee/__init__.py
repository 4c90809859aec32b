"""IEEE: Wang et al., "Interact, Embed, and EnlargE", AAAI 2022.

https://ojs.aaai.org/index.php/AAAI/article/view/20165
"""

from fastreid_mm.methods.ieee.config import add_config
from fastreid_mm.methods.ieee.head import IEEEHead
from fastreid_mm.methods.ieee.losses import MultiModalMargin
from fastreid_mm.methods.ieee.network import IEEE

__all__ = ["IEEE", "IEEEHead", "MultiModalMargin", "add_config"]
