"""Check that a checkpoint belongs to a model, by its weights and by settings that the weights do not show."""

import json
from collections.abc import Mapping

from fastreid_mm.common.checkpoint_match import Match, match_tensors, refuse_other_model
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.training_state import changed_settings
from mmseg_mm.engine.config_values import value_at

UNSEEN = {
    "data_preprocessor.mean": (123.675, 116.28, 103.53),
    "data_preprocessor.std": (58.395, 57.12, 57.375),
    "data_preprocessor.depth_mean": None,
    "data_preprocessor.depth_std": None,
    "data_preprocessor.thermal_mean": None,
    "data_preprocessor.thermal_std": None,
    "modalities": ("image", "depth"),
    "decode_head.detail": "none",
    "decode_head.fusion.variant": "mutualformer",
    "decode_head.fusion.num_heads": 8,
    "decode_head.fusion.epsilon": 0.6,
    "decode_head.fusion.reading": "paper",
    "decode_head.fusion.stack": "carry_fused",
}
"""Keys of a model's config that change what the model computes, but mostly not the names or shapes of its weights, with
their defaults."""
TRAINING_ONLY = ("decode_head.modality_seg.", "decode_head.first_seg.", "decode_head.level_seg.", "auxiliary_head.")
"""Prefixes of weights that are used in training only, for maps that have a loss but no part in the prediction."""
PURPOSES: dict[str, tuple[str, ...]] = {"resume": (), "predict": TRAINING_ONLY, "begin": ("",)}
"""Purposes of loading a checkpoint, with the prefixes of weights that may be missing."""


def unseen_settings(model: Mapping) -> dict[str, object]:
    """Return the values that a model's config has for the keys of :data:`UNSEEN`.

    Args:
        model: The config of the model, or of the test-time augmentation that wraps it.
    """
    settings: dict[str, object] = {}
    for key, default in UNSEEN.items():
        value = value_at(model.get("module", model), key)
        value = default if value is None else value
        settings[key] = json.loads(json.dumps(value))  # Tuples and lists count as the same.
    for name in ("mean", "std"):  # By default, those of the second modality are those of the image.
        for second in ("depth", "thermal"):
            if settings[f"data_preprocessor.{second}_{name}"] is None:
                settings[f"data_preprocessor.{second}_{name}"] = settings[f"data_preprocessor.{name}"]
    return settings


def check_settings(expected: Mapping, saved: Mapping, path: str) -> None:
    """Compare the settings of a model and of a checkpoint, as far as the checkpoint has them.

    Raises:
        InputError: A setting differs.
    """
    for key, (was, value) in changed_settings(expected, saved).items():
        raise InputError(f"checkpoint {path} was trained with {key}={was!r}, but the config has {value!r}")


def check_weights(expected: Mapping, saved: Mapping, path: str, purpose: str = "resume") -> Match:
    """Compare the weights of a model and of a checkpoint, which may have further ones.

    Args:
        purpose: One of :data:`PURPOSES`. To "resume" needs all weights, to "predict" all but :data:`TRAINING_ONLY`,
            and to "begin" training at least one.

    Returns:
        The names of tensors, sorted by how they match.

    Raises:
        InputError: Weights are missing or have another shape.
    """
    match = match_tensors(_unwrapped(expected), _unwrapped(saved))
    if not match.fitting and not match.misshapen:
        raise InputError(f"checkpoint {path} is of another model: it has none of its tensors")
    missing = [name for name in match.missing if not name.startswith(PURPOSES[purpose])]
    refuse_other_model(path, {"missing": missing, "of another shape": match.misshapen})
    return match


def _unwrapped(state: Mapping) -> dict:
    return {name.removeprefix("module."): value for name, value in state.items()}
