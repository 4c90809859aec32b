"""Description in an exported saliency network of how to make its second input."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fastreid_mm.common.errors import InputError
from fastreid_mm.saliency.load_depth import DepthLoader
from fastreid_mm.saliency.load_second import SecondLoader
from fastreid_mm.saliency.load_thermal import ThermalLoader

KEY = "fastreid_mm"
"""Name under which a file holds its description, as JSON."""
IMAGE, OUTPUT = "image", "saliency"
"""Names of the first input and of the output; that of the second input is the modality."""
LOADERS: Mapping[str, type[SecondLoader]] = {"depth": DepthLoader, "thermal": ThermalLoader}
"""Loaders of the second input by modality."""


@dataclass(frozen=True)
class SaliencyDescription:
    """Facts that are needed to make the inputs of a saliency network."""

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

    def to_json(self) -> str:
        """Write the description as one JSON object."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | None, source: str) -> "SaliencyDescription":
        """Read a description that :meth:`to_json` wrote.

        Args:
            text: the JSON object; None if the file has none.
            source: path of the file, for errors.

        Raises:
            InputError: the text is no description of a saliency network, or one of another version.
        """
        try:
            description = cls(**json.loads(text or ""))
            description.loader()
        except (TypeError, ValueError, KeyError, AttributeError, RecursionError):
            raise InputError(
                f"{source} does not describe itself: it is no saliency network that this version has exported"
            ) from None
        return description
