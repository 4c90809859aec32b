"""Labels of images that their paths contain: cameras and identities."""

import re

from fastreid_mm.common.errors import InputError

CAMERA = r"(?i:(?<![a-z])cam(?:era)?[ _-]?|_c)0*([0-9]+)"
"""Name of the camera in paths of SYSU-MM01, RGBNT201, LLCM (cam1/...), RGBN300 and Market-1501 (..._c001_...)."""
IDENTITY = r"(?:(?i:cam(?:era)?[ _-]?)[0-9]+/0*([0-9]+)/[^/]*|(?<![^/])0*([0-9]+)_c(?:am)?[0-9][^/]*)$"
"""Name of the identity in paths of SYSU-MM01 and LLCM (cam1/0121/0001.jpg), RGBNT201, RGBN300 and Market-1501
(0121_c001_...). A number elsewhere, such as that of a year's folder, is none."""


class PathLabel:
    """Function that finds a label in a path, the one nearest to the file name; empty if there is none.

    Args:
        pattern: a regular expression whose first group that is found is the label.
        option: name of the option that gives the expression.

    Raises:
        InputError: the expression is not a regular expression, or has no group.
    """

    def __init__(self, pattern: str = IDENTITY, option: str = "--identity") -> None:
        try:
            self.pattern = re.compile(pattern)
        except re.error as error:
            raise InputError(f"{option} {pattern!r} is no regular expression: {error}") from None
        if not self.pattern.groups:
            raise InputError(f"{option} {pattern!r} has no group (...), which is to be the label")

    def __call__(self, path: str, start: int = 0) -> str:
        """Find the label in a path from its character ``start`` on."""
        names = [next(filter(None, match.groups()), "") for match in self.pattern.finditer(path, start)]
        return names[-1] if names else ""
