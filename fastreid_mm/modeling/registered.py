"""The check of a name that a config looks up in a registry."""

import difflib

from fastreid.utils.registry import Registry

from fastreid_mm.common.errors import require_choice


def require_registered(key: str, name: str, registry: Registry) -> None:
    """Refuse a name that nothing is registered under, with the nearest one first among those there are.

    Raises:
        InputError: names key, value and all registered names.
    """
    names = sorted(registry._obj_map)
    nearest = difflib.get_close_matches(name, names, 1)
    require_choice(key, name, [*nearest, *(other for other in names if other not in nearest)])
