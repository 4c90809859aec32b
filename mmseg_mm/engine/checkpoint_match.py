"""Is a checkpoint this model's? By its weights, and by the settings that weights do not show."""

import json
from collections.abc import Mapping

from fastreid_mm.errors import InputError

UNSEEN = {
    "modalities": ("image", "depth"),
    "decode_head.detail": "none",
    "decode_head.fusion.variant": "mutualformer",
    "decode_head.fusion.num_heads": 8,
    "decode_head.fusion.epsilon": 0.6,
    "decode_head.fusion.reading": "paper",
    "decode_head.fusion.stack": "carry_fused",
}
"""Keys of a model's config that change what it computes, and mostly no weight's name or shape, with their defaults."""
TRAINING_ONLY = ("decode_head.modality_seg.", "decode_head.first_seg.", "decode_head.level_seg.", "auxiliary_head.")
"""Weights of maps that have a loss and no place in a prediction."""
PURPOSES = ("resume", "predict", "begin")


def unseen_settings(model: Mapping) -> dict[str, object]:
    """What a model's config, or that of the test-time augmentation around it, says about :data:`UNSEEN`."""
    found = {}
    for key, default in UNSEEN.items():
        value = model.get("module", model)
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        value = default if value is None else value
        found[key] = json.loads(json.dumps(value))  # tuples and lists are the same
    return found


def check_settings(own: Mapping, found: Mapping, path: str) -> None:
    """Compare settings of :func:`unseen_settings`; what a checkpoint does not say is not compared.

    Args:
        own, found: the model's and the checkpoint's.
        path: of the checkpoint, for the error.

    Raises:
        InputError: a setting differs.
    """
    for key in own:
        if key in found and found[key] != own[key]:
            raise InputError(
                f"checkpoint {path} was trained with {key}={found[key]!r}, but the config has {own[key]!r}"
            )


def check_weights(own: Mapping, found: Mapping, path: str, purpose: str = "resume") -> None:
    """Compare a checkpoint's weights with a model's; further ones do no harm.

    Args:
        own, found: tensors by name.
        path: of the checkpoint, for the error.
        purpose: one of :data:`PURPOSES`. To "resume", all weights must be there, to "predict" all but
            :data:`TRAINING_ONLY`, to "begin" training any at all.

    Raises:
        InputError: weights are missing or of another shape.
    """
    own, found = ({name.removeprefix("module."): value for name, value in state.items()} for state in (own, found))
    if not own.keys() & found.keys():
        raise InputError(f"checkpoint {path} is of another model: it has none of its tensors")
    missing = [
        name
        for name in own
        if name not in found and purpose != "begin" and not (purpose == "predict" and name.startswith(TRAINING_ONLY))
    ]
    shapes = [name for name in own if name in found and own[name].shape != found[name].shape]
    wrong = [
        f"{len(names)} tensors {kind} ({names[0]} ...)"
        for kind, names in (("missing", missing), ("of another shape", shapes))
        if names
    ]
    if wrong:
        raise InputError(f"checkpoint {path} is of another model: {', '.join(wrong)}")
