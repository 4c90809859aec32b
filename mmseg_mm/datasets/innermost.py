"""Access to the data set inside wrappers."""

from collections.abc import Mapping
from typing import Any


def innermost_dataset(dataset: Any) -> Any:
    """Return the data set, or the config of one, inside its wrappers, such as a repeated data set."""
    inner = dataset.get("dataset") if isinstance(dataset, Mapping) else getattr(dataset, "dataset", None)
    return dataset if inner is None else innermost_dataset(inner)
