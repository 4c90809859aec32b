"""What the page asks of an index: the nearest images that a filter lets pass."""

import re
from collections.abc import Callable, Collection
from functools import cached_property
from typing import Any

from PIL import Image

from fastreid_mm.engine.predictor import Predictor
from fastreid_mm.errors import InputError
from fastreid_mm.retrieval.answers import Match
from fastreid_mm.retrieval.searcher import Searcher

CAMERA_IN_PATH = r"(?:cam|_c)0*(\d+)"
"""Where SYSU-MM01, RGBNT201 and LLCM (cam1/...), RGBN300 and Market-1501 (..._c001_...) name the camera."""
_MORE = 4


class GalleryDesk:
    """Answers queries with the nearest images of an index that are wanted.

    Args:
        predictor: makes the features of queries.
        searcher: of that predictor.
        camera_in_path: a regular expression whose first group is the camera's name in an image's path.

    Raises:
        InputError: the expression is none, or has no group.
    """

    def __init__(self, predictor: Predictor, searcher: Searcher, camera_in_path: str = CAMERA_IN_PATH) -> None:
        self.predictor, self._searcher = predictor, searcher
        try:
            self._camera_in_path = re.compile(camera_in_path)
        except re.error as error:
            raise InputError(f"--camera {camera_in_path!r} is no regular expression: {error}") from None
        if not self._camera_in_path.groups:
            raise InputError(f"--camera {camera_in_path!r} has no group (...), which is to be the camera's name")

    def camera(self, path: str) -> str:
        """The camera's name in a path; empty if there is none."""
        found = self._camera_in_path.search(path)
        return found[1] if found else ""

    @cached_property
    def cameras(self) -> list[str]:
        """All cameras of the gallery, numbers by their size."""
        names = {self.camera(path) for path in self._searcher.index.known()} - {""}
        return sorted(names, key=lambda name: (len(name), name))

    def search(
        self,
        query: Image.Image | dict[str, Image.Image],
        modality: str,
        top: int,
        cameras: Collection[str] = (),
        least_score: float | None = None,
    ) -> list[Match]:
        """The ``top`` nearest images, the nearest first.

        Args:
            query: an image; of a method for aligned images, one for each modality there is.
            modality: "visible" or "infrared"; empty for aligned images.
            top: how many at most.
            cameras: only images of these; of all if empty.
            least_score: only images whose score is at least this.

        Raises:
            InputError: the query does not fit the method.
        """
        queries: Any = [query]
        feature = self.predictor.features(queries, modality)

        def wanted(match: Match) -> bool:
            return (not cameras or self.camera(match.path) in cameras) and (
                least_score is None or match.score >= least_score
            )

        return self._first(lambda count: self._searcher.search(feature, count)[0], wanted, top)

    @staticmethod
    def _first(search: Callable[[int], list[Match]], wanted: Callable[[Match], bool], top: int) -> list[Match]:
        """Ask for ever more until enough of what is found is wanted, or there is no more."""
        count = top
        while True:
            found = search(count)
            passing = [match for match in found if wanted(match)]
            if len(passing) >= top or len(found) < count:
                return passing[:top]
            count *= _MORE
