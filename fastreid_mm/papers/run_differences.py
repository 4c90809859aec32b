"""Differences of two finished runs: of config, record and data, and of results, with their chance."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from fastreid_mm.evaluation.paired_bootstrap import Difference, paired_difference
from fastreid_mm.papers.finished_run import Run, values_of

ABSENT = "-"


class Compared(NamedTuple):
    """A metric of two runs.

    Attributes:
        place: data set and setting.
        metric: its name.
        first: of the first run, None without it.
        second: of the second run.
        by_sample: its difference over single queries or images, None where these are not known.
        by_identity: likewise, with whole identities drawn; None for images.
    """

    place: str
    metric: str
    first: float | None
    second: float | None
    by_sample: Difference | None = None
    by_identity: Difference | None = None


def settings_differences(first: Run, second: Run) -> list[tuple[str, str, str]]:
    """List the facts and config keys in which two runs differ: name, and the value of each."""
    flat = [
        {**dict(_facts(run.record)), **{f"config {key}": value for key, value in run.config.items()}}
        for run in (first, second)
    ]
    names = dict.fromkeys([*flat[0], *flat[1]])
    values = [(name, *(str(each.get(name, ABSENT)) for each in flat)) for name in names]
    return [(name, one, other) for name, one, other in values if one != other]


def _facts(record: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield the facts of a record; the config's checksum says less than its keys."""
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from ((f"{name} {part}", each) for part, each in value.items())
        elif name != "config":
            yield name, value


def same_test(first: Run, second: Run, place: str) -> bool:
    """Tell whether a place of the results is of the same images, as far as the records say."""
    dataset = place.split("/")[0]
    sums = [run.record.get("data", {}).get(dataset) for run in (first, second)]
    return sums[0] == sums[1]


def compare_runs(first: Run, second: Run) -> list[Compared]:
    """Compare the metrics of two runs, each with its chance where single queries or images are known and the same."""
    chance: dict[tuple[str, str], tuple[Difference, ...]] = dict(
        _images(first, second) if first.saliency and second.saliency else _queries(first, second)
    )
    found = []
    for place in dict.fromkeys([*first.metrics, *second.metrics]):
        sides = [run.metrics.get(place, {}) for run in (first, second)]
        for metric in dict.fromkeys([*sides[0], *sides[1]]):
            first_value, second_value = (side.get(metric) for side in sides)
            if isinstance(first_value, str) or isinstance(second_value, str) or metric == "valid_queries":
                continue
            found.append(Compared(place, metric, first_value, second_value, *chance.get((place, metric), ())))
    return found


def _queries(first: Run, second: Run) -> Iterator[tuple[tuple[str, str], tuple[Difference, ...]]]:
    scores, others = first.query_scores(), second.query_scores()
    for place in scores.keys() & others.keys():
        one, other = scores[place], others[place]
        if not same_test(first, second, place) or not np.array_equal(one.ids, other.ids):
            continue
        ranks = [int(name) for name in re.findall(r"Rank-(\d+)", " ".join(first.metrics.get(place, ())))]
        values, against = one.metrics(ranks), other.metrics(ranks)
        for metric, each in values.items():
            pair = each, against[metric]
            yield (place, metric), (paired_difference(*pair), paired_difference(*pair, one.ids))


def _images(first: Run, second: Run) -> Iterator[tuple[tuple[str, str], tuple[Difference, ...]]]:
    images, others = first.image_scores(), second.image_scores()
    for place in images.keys() & others.keys():
        names = sorted(images[place])
        if names != sorted(others[place]):
            continue
        for metric in images[place][names[0]]:
            pair = [values_of(each[place], names, metric) for each in (images, others)]
            yield (place, metric), (paired_difference(*pair),)
