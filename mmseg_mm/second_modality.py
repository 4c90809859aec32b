"""Second modality of a config: depth or thermal."""

from collections.abc import Iterable, Mapping

LOADERS = {"LoadDepthFromFile": "depth", "LoadThermalFromFile": "thermal"}
"""Modalities by the names of the transforms that load them."""


def loading_step(pipeline: Iterable[Mapping]) -> Mapping | None:
    """Return the step of a pipeline that loads the second modality, if there is one."""
    return next((step for step in pipeline if step.get("type") in LOADERS), None)


def second_modality(pipeline: Iterable[Mapping]) -> str:
    """Return the second modality of a pipeline, which is depth where no step loads one."""
    step = loading_step(pipeline)
    return "depth" if step is None else LOADERS[step["type"]]
