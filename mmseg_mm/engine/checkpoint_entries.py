"""Entries that are taken from a checkpoint file: those of a fixed list, each of its kind, and tensors.

mmengine executes the text ``meta.config`` when it resumes, and ``meta.cfg`` or ``message_hub.runtime_info.cfg`` when it
predicts without a config. It deletes the file that ``runtime_info.best_ckpt`` names when there is a better one.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.find_weights import tensors_of
from fastreid_mm.common.kinds import COUNT, FLAG, MAPPING, NUMBER, PLAIN, SEED, TEXT, WHOLE, Kind, Known, known_entries
from mmseg_mm.engine.same_training import RECORD

HISTORY = ("log_history", "count_history", "max_length")
"""Arguments of a ``HistoryBuffer``."""
SETTINGS = "unseen_settings"
"""Key of the settings in the ``meta`` of a checkpoint."""
_SCALAR = TEXT | NUMBER | FLAG
_CLASSES: Known = {
    "classes": TEXT.many().or_none(),
    "palette": NUMBER.many().many().or_none(),
    "label_map": Kind("numbers by number", lambda value: MAPPING.holds(value) and _whole(value)).or_none(),
    "reduce_zero_label": FLAG,
}
_RUN: Known = {"seed": SEED.or_none(), "experiment_name": TEXT, "mmengine_version": TEXT, "dataset_meta": _CLASSES}
_META: Known = {
    **_RUN,
    "epoch": COUNT,
    "iter": COUNT,
    "time": TEXT,
    "CLASSES": TEXT.many(),
    "PALETTE": NUMBER.many().many().or_none(),
    SETTINGS: (_SCALAR | _SCALAR.many()).or_none().by_name(),
    RECORD: PLAIN.by_name(),
}
_INFO: Known = {
    **_RUN,
    **dict.fromkeys(("epoch", "iter", "max_epochs", "max_iters"), COUNT),
    "loop_stage": TEXT,
    "eta": NUMBER,
    "keep_ckpt_ids": COUNT.many(),
}
_HUB: Known = {"log_scalars": MAPPING.by_name(), "resumed_keys": FLAG.by_name(), "runtime_info": MAPPING}
_HISTORY: Known = dict(zip(HISTORY, (NUMBER.many(), COUNT.many(), COUNT)))
_KNOWN: Known = {"meta": _META, "message_hub": _HUB, "optimizer": PLAIN, "param_schedulers": PLAIN}
_BEST = re.compile(r"best_(ckpt|score)(_.+)?")


def _whole(numbers: Mapping) -> bool:
    return WHOLE.many().holds([*numbers, *numbers.values()])


def only_known(content: Mapping, path: str) -> dict[str, Any]:
    """Take the known entries of a checkpoint, and drop everything else.

    Weights are also found under another key than ``state_dict``, such as ``model`` or ``net``, or under none.

    Raises:
        InputError: An entry is of another kind than it should be.
    """
    taken = known_entries(content, _KNOWN, path)
    others = {name: _tensors(value) for name, value in content.items() if name not in _KNOWN}
    taken |= {name: value for name, value in others.items() if isinstance(value, dict)}
    if "state_dict" not in taken and any(value is not None for value in others.values()):
        taken["state_dict"] = tensors_of(others, path)[1]
    if "state_dict" in taken:
        taken.setdefault("meta", {})  # mmsegmentation's init_model asks for it
    if "message_hub" in taken:
        taken["message_hub"] = _hub(taken["message_hub"], path)
    return taken


def _tensors(value: object, depth: int = 3) -> Any:
    """Return a tensor, or the tensors of nested mappings by name; None for anything else."""
    if isinstance(value, Tensor):
        return value
    if not isinstance(value, Mapping) or not depth:
        return None
    inner = {name: _tensors(one, depth - 1) for name, one in value.items() if isinstance(name, str)}
    return {name: one for name, one in inner.items() if one is not None} or None


def _hub(hub: Mapping, path: str) -> dict[str, Any]:
    """Take the histories of logged values, and the known facts of a run."""
    taken: dict[str, Any] = dict(hub)
    place = "message_hub."
    if "log_scalars" in hub:
        scalars = hub["log_scalars"].items()
        taken["log_scalars"] = {name: _history(one, path, f"{place}log_scalars.{name}") for name, one in scalars}
    if "runtime_info" in hub:
        info = hub["runtime_info"]
        taken["runtime_info"] = known_entries(info, _INFO, path, f"{place}runtime_info.") | _best(info, path)
    kept = {**taken.get("log_scalars", {}), **taken.get("runtime_info", {})}
    if "resumed_keys" in hub:
        taken["resumed_keys"] = {name: flag for name, flag in hub["resumed_keys"].items() if name in kept}
    return taken


def _history(entries: Mapping, path: str, place: str) -> dict[str, Any]:
    taken = known_entries(entries, _HISTORY, path, f"{place}.")
    log, count, length = (taken.get(name) for name in HISTORY)
    if not length or log is None or count is None or len(log) != len(count) or 0 in count:
        raise InputError(f"checkpoint {path}: {place} is not a history of numbers")
    return taken


def _best(info: Mapping, path: str) -> dict[str, Any]:
    """Take the best scores, and their files if they are in the checkpoint's folder, where a training writes them."""
    best: dict[str, Any] = {}
    for name, value in info.items():
        match = _BEST.fullmatch(name) if isinstance(name, str) else None
        if match is not None:
            (TEXT if match[1] == "ckpt" else NUMBER).require(value, path, f"message_hub.runtime_info.{name}")
            if match[1] == "score" or _is_best(value, path):
                best[name] = value
    return best


def _is_best(best: str, path: str) -> bool:
    try:
        here = Path(best).resolve().parent == Path(path).resolve().parent
    except (OSError, ValueError):  # a name that cannot be a file's
        return False
    return here and Path(best).name.startswith("best_") and Path(best).suffix == ".pth"


def require_resumable(checkpoint: Mapping, path: str, schedules: bool) -> None:
    """Refuse to resume from a checkpoint that lacks an entry; mmengine would start some parts anew without any error.

    Raises:
        InputError: An entry is missing; names the file and the entry.
    """
    needed = ["meta.epoch", "meta.iter", "message_hub.log_scalars", "message_hub.runtime_info"]
    needed += ["message_hub.resumed_keys", "optimizer", *(["param_schedulers"] if schedules else [])]
    for entry in needed:
        value: Any = checkpoint
        for name in entry.split("."):
            if not isinstance(value, Mapping) or name not in value:
                raise InputError(f"checkpoint {path} has no {entry} to resume: load_from begins from its weights")
            value = value[name]
