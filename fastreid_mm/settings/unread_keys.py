"""Refusal of config keys that have no effect, as nothing reads them while a run is built."""

import logging
from collections.abc import Iterator, Set
from copy import deepcopy

from fastreid.config import CfgNode

from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.keys import DECLARED, leaves
from fastreid_mm.common.training_state import is_same
from fastreid_mm.settings.config import defaults_of

logger = logging.getLogger("fastreid.mm")

NAMED = ("MODEL.HEADS", "MODEL.LOSSES")
"""Sections whose ``NAME`` selects the class that reads the other keys."""
SHARED = ("MODEL.BACKBONE", *NAMED)
"""Sections that do not belong to a single method."""


class _Reads(set):
    """Set of dotted keys that were read, shared by a config and all its copies."""

    def __deepcopy__(self, memo: dict) -> "_Reads":
        return self


class RecordedConfig(CfgNode):
    """Copy of a config that records the keys that are read from it or from its copies."""

    reads: Set[str]
    """Dotted keys that were read."""

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
    """Refuse keys that differ from their defaults and that nothing has read, after a run was built.

    Keys that a user's own script has added, without ``IMPORTS``, have no default here, and are accepted.

    Raises:
        InputError: names the keys.
    """
    unread = {key: text for key, text in changed_keys(cfg) if key not in reads and _if_unread(key) != "expected"}
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
    """Yield each key that differs from its default while its switch is off, and a text for the warning."""
    values = dict(leaves(cfg))
    for key, text in changed_keys(cfg):
        switch, off = _switch(key)
        if key != switch and values.get(switch) == off:
            yield key, f"{text} by {switch} {off!r}"


def _switch(key: str) -> tuple[str, object]:
    """Return the key and value that switch a key off: as declared, or False of the ENABLED in its section."""
    declared = DECLARED[key].off_while if key in DECLARED else None
    return declared or (f"{key.rpartition('.')[0]}.ENABLED", False)


def _if_unread(key: str) -> str:
    if key.startswith(tuple(f"{section}." for section in NAMED)):
        return "warned"
    return DECLARED[key].if_unread if key in DECLARED else "refused"


def _method(key: str) -> str:
    """Return the method's section that a key is in, such as MODEL.MUN, or an empty string."""
    part = ".".join(key.split(".")[:2])
    return part if part.startswith("MODEL.") and key.count(".") == 2 and part not in SHARED else ""


def changed_keys(cfg: CfgNode) -> Iterator[tuple[str, str]]:
    """Yield each key that differs from its default, and a text for the message."""
    defaults = dict(leaves(defaults_of(cfg)))
    for key, value in leaves(cfg):
        if key in defaults and not is_same(value, defaults[key]):
            yield key, f"{key} {value!r} (default {defaults[key]!r})"
