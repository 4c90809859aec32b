"""Comparison of an index with its gallery: new, replaced, doubled and deleted images."""

import os
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from fastreid_mm.retrieval.samples import Sample
from fastreid_mm.retrieval.sources import (
    Member,
    Source,
    full_path,
    newest,
    place_of,
    same_times,
    source_of,
    status,
    unchanged,
)


class Plan(NamedTuple):
    """Plan of bringing an index up to date, with rows by their places."""

    todo: list[tuple[Sample, int]]
    """Samples to embed, each with the place of the row that it replaces, or -1 if it is new."""
    noted: dict[int, Source]
    """New sources of rows that stay."""
    doubled: list[int]
    """Rows of samples that have another row."""
    gone: list[int]
    """Rows whose image does not exist any more."""


def plan_of(samples: Sequence[Sample], members: Sequence[Member], made: int) -> Plan:
    """Compare the samples of a gallery with the rows of an index.

    A sample belongs to a row if it is the same file by its real path, or has the same full path, under whatever names.

    Args:
        samples: the samples of the gallery.
        members: the rows of the index, by place.
        made: the date at which the index was written, in nanoseconds. If a row has no source, files that are not newer
            are taken for those that were indexed.
    """
    rows = defaultdict(list)
    for place, member in enumerate(members):
        for alias in _aliases(member):
            rows[alias].append(place)
    plan = Plan([], {}, [], [])
    names = {member.name: place for place, member in enumerate(members)}
    met: set[int] = set()
    for sample in samples:
        matching = sorted({*rows[sample.key], *rows[full_path(sample.path)]} - met)
        met.update(matching)
        if not matching:
            # an image indexed from another working folder may have this name
            other = sample.path in names and names[sample.path] not in met
            plan.todo.append((sample._replace(path=full_path(sample.path)) if other else sample, -1))
            continue
        kept = next((place for place in matching if _unchanged(members[place], sample, made)), -1)
        if kept < 0:
            kept = matching[0]
            plan.todo.append((_under_its_name(members[kept], sample), kept))
        elif (source := members[kept].source) is None or not same_times(source, sample):
            plan.noted[kept] = source_of(sample)
        plan.doubled.extend(place for place in matching if place != kept)
    plan.gone.extend(place for place, member in enumerate(members) if place not in met and not place_of(member))
    return plan


def _aliases(member: Member) -> set[str]:
    source = member.source
    here = {full_path(member.name), _real(member.name)}
    if source is None:
        return here
    return {source.key, source.file} | (set() if status(source.file) else here)  # the gallery may have been moved


def _real(name: str) -> str:
    try:
        return os.path.realpath(name)
    except ValueError:  # a name that no file can have
        return name


def _under_its_name(member: Member, sample: Sample) -> Sample:
    """Give a sample the name of its row, if that name leads to it from the working folder."""
    same = status(member.name) is not None and _real(member.name) == _real(sample.path)
    return sample._replace(path=member.name) if same else sample


def _unchanged(member: Member, sample: Sample, made: int) -> bool:
    return newest(sample) < made if member.source is None else unchanged(member.source, sample)
