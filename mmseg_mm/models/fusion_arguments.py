"""Check of the arguments of a fusion in a config, which names those that have no effect or would fail later."""

from collections.abc import Mapping
from typing import Any

from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.layers import TokenFusion
from fastreid_mm.layers.choices import READINGS

ARGUMENTS = ("num_heads", "depth", "variant", "stack", "epsilon", "reading", "joint_norm", "fused_self_attention")
"""Arguments of :class:`TokenFusion` that a config may set. A variant ignores those that it does not use, so that an
ablation changes a single key."""


def token_fusion(channels: int, options: Mapping[str, Any]) -> TokenFusion:
    """Build a fusion.

    Args:
        channels: the number of channels of a token.
        options: the arguments by the names in :data:`ARGUMENTS`.

    Raises:
        InputError: a name is unknown, for any variant, or a value is out of range.
    """
    for name in options:
        if name not in ARGUMENTS:
            raise InputError(f"fusion has no {name!r}; there are {', '.join(ARGUMENTS)}")
    epsilon, reading = options.get("epsilon", 0.6), options.get("reading", "paper")
    if not isinstance(epsilon, int | float) or not 0 <= epsilon <= 1:
        raise InputError(f"fusion.epsilon {epsilon!r} is not in [0, 1]")
    require_choice("fusion.reading", reading, READINGS)
    try:
        return TokenFusion(channels, **options)
    except (TypeError, ValueError) as error:
        raise InputError(f"fusion {dict(options)}: {error}") from error
