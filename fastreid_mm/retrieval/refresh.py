"""What an index lacks of a gallery, what it has of it that was replaced, has twice, or that is gone."""

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
    """How to bring an index up to date; rows are given by their places."""

    todo: list[tuple[Sample, int]]
    """Samples to embed, each with the place of the row that it replaces, or -1 if it is new."""
    noted: dict[int, Source]
    """Rows that stay, and what is known of their files now."""
    doubled: list[int]
    """Rows of a sample that has another row."""
    gone: list[int]
    """Rows whose image is nowhere."""


def plan_of(samples: Sequence[Sample], members: Sequence[Member], made: int) -> Plan:
    """Compare the samples of a gallery with the rows of an index.

    A sample is that of a row if it is the same file by its real path, or has the same full path, however either was
    named.

    Args:
        samples: of the gallery.
        members: the rows of the index, by place.
        made: when the index was written, in nanoseconds. Of a row that says nothing of its files, those that are not
            newer are taken for what was indexed.
    """
    rows = defaultdict(list)
    for place, member in enumerate(members):
        for alias in _aliases(member):
            rows[alias].append(place)
    plan = Plan([], {}, [], [])
    names = {member.name: place for place, member in enumerate(members)}
    met: set[int] = set()
    for sample in samples:
        found = sorted({*rows[sample.key], *rows[full_path(sample.path)]} - met)
        met.update(found)
        if not found:
            # another working folder's image may have this name
            other = sample.path in names and names[sample.path] not in met
            plan.todo.append((sample._replace(path=full_path(sample.path)) if other else sample, -1))
            continue
        kept = next((place for place in found if _unchanged(members[place], sample, made)), -1)
        if kept < 0:
            kept = found[0]
            plan.todo.append((_under_its_name(members[kept], sample), kept))
        elif (source := members[kept].source) is None or not same_times(source, sample):
            plan.noted[kept] = source_of(sample)
        plan.doubled.extend(place for place in found if place != kept)
    plan.gone.extend(place for place, member in enumerate(members) if place not in met and not place_of(member))
    return plan


def _aliases(member: Member) -> set[str]:
    source = member.source
    here = {full_path(member.name), _real(member.name)}
    if source is None:
        return here
    return {source.key, source.file} | (set() if status(source.file) else here)  # of a gallery that was moved


def _real(name: str) -> str:
    try:
        return os.path.realpath(name)
    except ValueError:  # a name that no file can have
        return name


def _under_its_name(member: Member, sample: Sample) -> Sample:
    """The sample as the row calls it, if that name leads to it from here."""
    same = status(member.name) is not None and _real(member.name) == _real(sample.path)
    return sample._replace(path=member.name) if same else sample


def _unchanged(member: Member, sample: Sample, made: int) -> bool:
    return newest(sample) < made if member.source is None else unchanged(member.source, sample)
