"""The check of a user's setting that must be one of a few words."""

from collections.abc import Iterable

from fastreid_mm.errors import InputError


def require_choice(key: str, value: object, choices: Iterable[str]) -> None:
    """Refuse a value that is not one of the choices.

    Raises:
        InputError: The value is not one of the choices. The message names the key, the value and the choices.
    """
    choices = tuple(choices)
    if value not in choices:
        raise InputError(f"{key}={value!r}: choose one of {', '.join(choices)}")
