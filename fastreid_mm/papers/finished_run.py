"""Files that a finished run has left: results, record and config."""

import ast
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation.query_scores import FILE, QueryScores, load_query_scores
from fastreid_mm.saliency.sod_report import IMAGES
from fastreid_mm.saliency.sod_report import RESULTS as SALIENCY

Metrics = Mapping[str, Mapping[str, float | str]]
"""Metrics by ``DATASET/SETTING``, or by data set of saliency."""
OF_A_RUN = ("OUTPUT_DIR", "work_dir", "resume", "load_from", "launcher", "experiment_name", "visualizer")
"""Keys of a single run, in which two runs of one config may differ."""


class Run(NamedTuple):
    """A run that has ended.

    Attributes:
        results: the file of its results.
        metrics: the results.
        record: the facts of ``run.json``, empty without one.
        config: values by dotted key, empty without a config.
        saliency: whether mmsegmentation has trained it, and not fast-reid.
    """

    results: Path
    metrics: Metrics
    record: Mapping[str, Any]
    config: Mapping[str, object]
    saliency: bool

    def query_scores(self) -> dict[str, QueryScores]:
        """Read the scores of single queries, by the names of :attr:`metrics`; empty without the file."""
        path = self.results.with_name(_prefix(self.results) + FILE)
        return load_query_scores(str(path)) if path.is_file() else {}

    def image_scores(self) -> dict[str, dict[str, dict[str, float]]]:
        """Read the numbers of single images of saliency: by data set, path and metric; empty without the file."""
        path = self.results.with_name(IMAGES)
        found: dict[str, dict[str, dict[str, float]]] = {}
        for image, numbers in (_json(path) if path.is_file() else {}).items():
            named = [name for name in self.metrics if name in Path(image).parts]
            found.setdefault(named[-1] if named else next(iter(self.metrics)), {})[image] = numbers
        return found


def read_run(place: Path) -> Run:
    """Read what a run has left.

    Args:
        place: its folder, or the file of its results where there are several (``eval_results.json``).

    Raises:
        InputError: there are no results, or a file is damaged.
    """
    results = place if place.is_file() else _results_in(place)
    folder, saliency = results.parent, results.name == SALIENCY
    content = _json(results)
    if not isinstance(content, dict) or not all(isinstance(each, dict) for each in content.values()):
        raise InputError(f"{results} has no metrics by data set")
    record = folder / f"{_prefix(results)}run.json"
    if saliency and not record.is_file():
        record = folder.parent / "run.json"
    return Run(
        results,
        content
        if saliency
        else {f"{name}/{key}": each for name, sets in content.items() for key, each in sets.items()},
        _json(record) if record.is_file() else {},
        _python_config(folder, record.parent) if saliency else _yaml_config(folder),
        saliency,
    )


def _results_in(folder: Path) -> Path:
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder of a run, nor a file of results")
    found = [folder / name for name in ("results.json", "eval_results.json", SALIENCY)]
    found = [path for path in found if path.is_file()] or sorted(folder.glob(f"*/{SALIENCY}"))[-1:]
    if not found:
        raise InputError(f"{folder} has no results.json, eval_results.json or */{SALIENCY}: has the run ended?")
    return found[0]


def _prefix(results: Path) -> str:
    return results.name.removesuffix("results.json") if results.name != SALIENCY else ""


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None


def _yaml_config(folder: Path) -> dict[str, object]:
    import yaml  # both hosts bring it

    path = folder / "config.yaml"
    if not path.is_file():
        return {}
    try:
        return dict(_leaves(yaml.safe_load(path.read_text(encoding="utf-8"))))
    except yaml.YAMLError:
        raise InputError(f"{path} is no config that a run has written") from None


def _python_config(*folders: Path) -> dict[str, object]:
    """Read a config as mmengine writes it, values alone, without running it."""
    paths = [path for folder in folders for path in sorted(folder.glob("*.py"))]
    if not paths:
        return {}
    try:
        tree = ast.parse(paths[0].read_text(encoding="utf-8"))
        given = {ast.unparse(node.targets[0]): _value(node.value) for node in tree.body if isinstance(node, ast.Assign)}
    except (SyntaxError, ValueError, AttributeError, TypeError):
        raise InputError(f"{paths[0]} is no config that a run has written") from None
    return dict(_leaves(given))


def _value(node: ast.expr) -> object:
    if isinstance(node, ast.Call):
        if not (isinstance(node.func, ast.Name) and node.func.id == "dict" and not node.args):
            raise ValueError(ast.dump(node.func))
        return {str(word.arg): _value(word.value) for word in node.keywords}
    if isinstance(node, ast.Dict):
        return {str(_value(key)): _value(value) for key, value in zip(node.keys, node.values) if key is not None}
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(each) for each in node.elts]
    return ast.literal_eval(node)


def _leaves(node: object, key: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(node, list) and any(isinstance(each, dict) for each in node):
        node = dict(enumerate(node))
    if not isinstance(node, dict):
        yield key, node
        return
    for name, value in node.items():
        if key or name not in OF_A_RUN:
            yield from _leaves(value, f"{key}.{name}" if key else str(name))


def values_of(images: Mapping[str, Mapping[str, float]], names: list[str], metric: str) -> np.ndarray:
    """Return a metric (N,) of images by path."""
    return np.array([images[name][metric] for name in names], dtype=np.float64)
