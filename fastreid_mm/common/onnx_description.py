"""Description that an exported network's file holds of how to make its inputs."""

import json
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import ClassVar, TypeVar

from fastreid_mm.common.errors import InputError

KEY = "fastreid_mm"
"""Name under which a file holds its description, as JSON."""
D = TypeVar("D", bound="OnnxDescription")


@dataclass(frozen=True)
class OnnxDescription(ABC):
    """Base class of descriptions: fields that are plain data, written as one JSON object."""

    refusal: ClassVar[str]
    """Reason for which a file whose description cannot be used is refused."""

    @abstractmethod
    def is_usable(self) -> bool:
        """Tell whether every field has the right type, which a file that somebody else has made may not."""

    def to_json(self) -> str:
        """Write the description as one JSON object."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls: type[D], text: str | None, source: str) -> D:
        """Read a description that :meth:`to_json` wrote.

        Args:
            text: the JSON object; None if the file has none.
            source: path of the file, for errors.

        Raises:
            InputError: the text is no such description, or one of another version.
        """
        try:
            description = cls(**json.loads(text or ""))
        except (TypeError, ValueError, RecursionError):
            description = None
        if description is None or not description.is_usable():
            raise InputError(f"{source} does not describe itself: {cls.refusal}")
        return description
