"""Description in an exported saliency network of how to make its second input."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastreid_mm.common.onnx_description import OnnxDescription
from fastreid_mm.saliency.load_depth import DepthLoader
from fastreid_mm.saliency.load_second import SecondLoader
from fastreid_mm.saliency.load_thermal import ThermalLoader

IMAGE, OUTPUT = "image", "saliency"
"""Names of the first input and of the output; that of the second input is the modality."""
LOADERS: Mapping[str, type[SecondLoader]] = {"depth": DepthLoader, "thermal": ThermalLoader}
"""Loaders of the second input by modality."""


@dataclass(frozen=True)
class SaliencyDescription(OnnxDescription):
    """Facts that are needed to make the inputs of a saliency network."""

    refusal = "it is no saliency network that this version has exported"

    modality: str
    """Second modality, "depth" or "thermal"."""
    loading: Mapping[str, Any]
    """Arguments of :class:`DepthLoader` or :class:`ThermalLoader`, as in training."""
    version: str
    """Version of this package that exported the file."""
    precision: str = "float32"
    """Precision of the network's numbers; inputs and outputs are float32."""

    def loader(self) -> SecondLoader:
        """Make the loader of the second modality."""
        return LOADERS[self.modality](**self.loading)

    def is_usable(self) -> bool:
        """See :class:`OnnxDescription`."""
        try:
            self.loader()
        except (TypeError, ValueError, KeyError, AttributeError):
            return False
        return True
