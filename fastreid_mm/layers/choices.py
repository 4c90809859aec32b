"""The check of arguments that are one of a few words, and the words that several functions share."""

from collections.abc import Iterable

READINGS = ("paper", "official")
"""A formula as the paper prints it, or as the authors' released code computes it, where the two differ."""

REDUCTIONS = ("mean", "sum")
"""How a loss makes one number of its terms."""


def require_choice(name: str, value: str, known: Iterable[str]) -> None:
    """Refuse a word that is not one of those known.

    Raises:
        ValueError: names the argument, its value and the choices there are.

    Example:
        >>> require_choice("reading", "mine", READINGS)
        Traceback (most recent call last):
        ValueError: reading 'mine' is not one of paper, official
    """
    known = tuple(known)
    if value not in known:
        raise ValueError(f"{name} {value!r} is not one of {', '.join(known)}")
