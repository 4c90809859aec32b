"""Config keys that have no effect: those that nothing reads while a run is built."""

import logging
from collections.abc import Iterator, Set
from copy import deepcopy

from fastreid.config import CfgNode

from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.keys import DECLARED, leaves
from fastreid_mm.common.same_training import is_same
from fastreid_mm.settings.imports import defaults_of

logger = logging.getLogger("fastreid.mm")

NAMED = ("MODEL.HEADS", "MODEL.LOSSES")
"""Sections whose ``NAME`` chooses who reads the others."""
SHARED = ("MODEL.BACKBONE", *NAMED)
"""Sections of no method's own."""


class _Reads(set):
    """Dotted keys that were read, one set for a config and all its copies."""

    def __deepcopy__(self, memo: dict) -> "_Reads":
        return self


class RecordedConfig(CfgNode):
    """A copy of a config that remembers which of its keys were read, from it or from a copy of it.

    Args:
        source: the config.
    """

    reads: Set[str]
    """The dotted keys."""

    def __init__(self, source: CfgNode) -> None:
        super().__init__()
        self._record(source, _Reads(), "")
        if source.is_frozen():
            self.freeze()

    def _record(self, source: CfgNode, reads: _Reads, prefix: str) -> "RecordedConfig":
        self.__dict__.update(reads=reads, prefix=prefix)
        for key, value in source.items():
            if isinstance(value, CfgNode):
                child = RecordedConfig.__new__(RecordedConfig)
                CfgNode.__init__(child)
                value = child._record(value, reads, f"{prefix}{key}.")
            else:
                value = deepcopy(value)
            dict.__setitem__(self, key, value)
        return self

    def __getitem__(self, key: str) -> object:
        value = super().__getitem__(key)
        if not isinstance(value, CfgNode):
            self.__dict__["reads"].add(f"{self.__dict__['prefix']}{key}")
        return value


def refuse_unread(cfg: CfgNode, reads: Set[str]) -> None:
    """Refuse keys that are not at their defaults and that nothing has read, to be called when a run is built.

    Keys that a script of one's own has added, without ``IMPORTS``, have no default here, and are let pass.

    Args:
        cfg: the config.
        reads: the dotted keys that were read, those of a :class:`RecordedConfig`.

    Raises:
        InputError: names them.
    """
    unread = {key: text for key, text in _changed(cfg) if key not in reads and _if_unread(key) != "expected"}
    read_methods = {_method(key) for key in reads} - {""}
    off = [unread.pop(key) for key in list(unread) if _if_unread(key) == "warned" or _method(key) in read_methods]
    for key, switch in _switched_off(cfg):
        unread.pop(key, None)
        off.append(switch)
    if off:
        logger.warning(f"switched off by other keys: {listed(off)}")
    if unread:
        raise InputError(
            f"no effect on {cfg.MODEL.META_ARCHITECTURE} with {cfg.MODEL.BACKBONE.NAME} on "
            f"{', '.join(cfg.DATASETS.NAMES)}: {listed([*unread.values()])}; leave out what does not apply"
        )


def _switched_off(cfg: CfgNode) -> Iterator[tuple[str, str]]:
    """The keys that are not at their defaults while their switches are off, and what to say of each."""
    values = dict(leaves(cfg))
    for key, text in _changed(cfg):
        switch, off = _switch(key)
        if key != switch and values.get(switch) == off:
            yield key, f"{text} by {switch} {off!r}"


def _switch(key: str) -> tuple[str, object]:
    """Return the key and value that take the effect from a key: what it declares, or False of the ENABLED beside it."""
    declared = DECLARED[key].off_while if key in DECLARED else None
    return declared or (f"{key.rpartition('.')[0]}.ENABLED", False)


def _if_unread(key: str) -> str:
    if key.startswith(tuple(f"{section}." for section in NAMED)):
        return "warned"
    return DECLARED[key].if_unread if key in DECLARED else "refused"


def _method(key: str) -> str:
    """The section of a method that a key is in, as MODEL.MUN, or an empty string."""
    part = ".".join(key.split(".")[:2])
    return part if part.startswith("MODEL.") and key.count(".") == 2 and part not in SHARED else ""


def _changed(cfg: CfgNode) -> Iterator[tuple[str, str]]:
    """The keys that are not at their defaults, and what to say of each."""
    known = dict(leaves(defaults_of(cfg)))
    for key, value in leaves(cfg):
        if key in known and not is_same(value, known[key]):
            yield key, f"{key} {value!r} (default {known[key]!r})"
