"""Arguments of a fusion as a config gives them, refused by name where they would do nothing or fail later."""

from collections.abc import Mapping
from typing import Any

from fastreid_mm.errors import InputError
from fastreid_mm.layers import TokenFusion
from fastreid_mm.layers.choices import READINGS
from mmseg_mm.choices import require_choice

ARGUMENTS = ("num_heads", "depth", "variant", "stack", "epsilon", "reading", "joint_norm", "fused_self_attention")
"""What a config says to :class:`TokenFusion`. A variant leaves aside what it has no use for, so that one key of an
ablation is enough to change."""


def token_fusion(channels: int, options: Mapping[str, Any]) -> TokenFusion:
    """Make a fusion.

    Args:
        channels: of a token.
        options: by the names in :data:`ARGUMENTS`.

    Raises:
        InputError: an unknown name, whatever the variant is, or a value out of range.
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
