"""Measurement of an exported file beside PyTorch: its speed, and the ranks of the user's own images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fastreid_mm.common.measure_speed import measure_speeds
from fastreid_mm.export.onnx_predictor import OnnxPredictor
from fastreid_mm.export.ranks import feature_cosines, rank_change
from fastreid_mm.export.write import Written
from fastreid_mm.inference.predictor import Predictor

BATCHES = (1, 16)
"""Numbers of images of a batch that are timed if a file takes any."""
SECONDS = 10.0
"""Duration of the timing of one size, unless three rounds take longer."""


@torch.no_grad()
def speed_lines(written: Written, batch_size: int) -> list[str]:
    """Time a file and PyTorch by turns, and return a line for each size of batch."""
    lines = []
    for count in (batch_size,) if batch_size else BATCHES:
        inputs = written.network.example(count)
        calls = {"PyTorch": lambda n, i=inputs: written.network(*i), "file": lambda n, i=inputs: written.run(*i)}
        measured = measure_speeds(calls, 1, SECONDS)
        speeds = ", ".join(f"{way} {count * speed:.3g} images/s" for way, speed in measured.speeds.items())
        lines.append(f"batch of {count}: {speeds}, {measured.ratio('file'):.2f} times as fast; medians, by turns")
    return lines


def ranks_line(predictor: Predictor, path: Path, images: Sequence[Any], queries: Sequence[Any]) -> str:
    """Rank images by a file and by PyTorch, and say how far the two agree.

    Args:
        predictor: the network in PyTorch.
        path: its ONNX file.
        images: the gallery; visible, or aligned samples.
        queries: infrared images, or aligned samples; if empty, each image of the gallery searches for the others.
    """
    file = OnnxPredictor(path)
    gallery_kind, query_kind = ("", "") if predictor.modalities else ("visible", "infrared")
    distances, features = [], []
    for features_of in (predictor.features, file.features):
        gallery = torch.as_tensor(features_of(images, gallery_kind))
        query = torch.as_tensor(features_of(queries, query_kind)) if queries else gallery
        distances.append(_distance(predictor, query, gallery, bool(queries)))
        features.append(torch.cat([query, gallery]) if queries else gallery)
    mean, least = feature_cosines(*features)
    change = rank_change(*distances)
    asked = f"{len(queries) or len(images)} queries in {len(images)} images"
    return f"{asked}, beside PyTorch: {change}; cosine of features {mean:.5f}, at least {least:.5f}"


def _distance(predictor: Predictor, query: Tensor, gallery: Tensor, apart: bool) -> Tensor:
    distance = predictor.distance(query, gallery)
    return distance if apart else distance.fill_diagonal_(torch.inf)
