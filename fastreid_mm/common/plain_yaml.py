"""YAML files of plain data: reading a stranger's file, of which nothing is executed, and writing one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from fastreid_mm.common.errors import InputError, first_line

MOST_ENTRIES = 100_000
"""Largest number of entries of a config file. A few hundred nested references unfold to more than fits in memory."""


_TUPLE = "tag:yaml.org,2002:python/tuple"


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, which runs no code, and tuples, which mmsegmentation tells from lists."""


class _Dumper(yaml.SafeDumper):
    """YAML's safe dumper, and tuples."""


_Loader.add_constructor(_TUPLE, lambda loader, node: tuple(loader.construct_sequence(node, deep=True)))
_Dumper.add_representer(tuple, lambda dumper, value: dumper.represent_sequence(_TUPLE, value))


def plain_yaml(content: Mapping[str, Any]) -> str:
    """Write a mapping of plain data as YAML.

    Raises:
        InputError: a value is no plain data, such as a class or function.
    """
    try:
        return yaml.dump(dict(content), Dumper=_Dumper, default_flow_style=None)
    except yaml.representer.RepresenterError as error:
        raise InputError(f"a config with {error.args[1]!r} is no plain data, and cannot be shared") from None


def read_plain_yaml(path: str | Path) -> dict[str, Any]:
    """Read a mapping of plain data.

    Raises:
        InputError: the file cannot be read, is no mapping, or its references unfold without end.
    """
    try:
        content = yaml.load(Path(path).read_bytes(), Loader=_Loader)
        require_few_entries(content, path)
    except (yaml.YAMLError, ValueError, OSError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"config {path}: {first_line(error)}") from None
    except RecursionError:
        raise InputError(f"config {path}: it is nested too deep") from None
    if not isinstance(content, Mapping) or not content:
        raise InputError(f"config {path}: it is empty or no mapping of keys to values")
    return dict(content)


def require_few_entries(content: object, path: str | Path) -> None:
    """Refuse a config whose references, as copies, are more than :data:`MOST_ENTRIES`.

    Raises:
        InputError: names the file.
        RecursionError: a reference leads back to itself.
    """
    if _entries(content, {}) > MOST_ENTRIES:
        raise InputError(f"config {path}: its references unfold to more than {MOST_ENTRIES} entries")


def _entries(content: object, counts: dict[int, int]) -> int:
    """Count the entries when every reference of a YAML file is a copy, as in the hosts."""
    if not isinstance(content, dict | list | tuple):
        return 1
    if id(content) not in counts:
        values = content.values() if isinstance(content, dict) else content
        counts[id(content)] = 1 + sum(_entries(value, counts) for value in values)
    return counts[id(content)]
