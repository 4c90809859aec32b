"""What the page asks of an index: the nearest images that a filter lets pass."""

import os
import re
from collections.abc import Callable, Collection
from functools import cached_property
from threading import Lock
from typing import Any

from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.read_image import AnyImage
from fastreid_mm.inference.predictor import Predictor
from fastreid_mm.retrieval.answers import Match
from fastreid_mm.retrieval.searcher import Searcher

CAMERA_IN_PATH = r"(?i:(?<![a-z])cam(?:era)?[ _-]?|_c)0*([0-9]+)"
"""Where SYSU-MM01, RGBNT201 and LLCM (cam1/...), RGBN300 and Market-1501 (..._c001_...) name the camera."""
_MORE = 4


class GalleryDesk:
    """Answers queries with the nearest images of an index that are wanted, one query after the other.

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
        self._lock = Lock()

    def camera(self, path: str) -> str:
        """The camera's name in a path, the one nearest to the file name; empty if there is none.

        Unless the expression is another, folders above the gallery's are not looked at: that is the one which has all
        images of the index.
        """
        start = len(self._above) if path.startswith(self._above) else 0
        names = [found[1] for found in self._camera_in_path.finditer(path, start)]
        return printable(names[-1] or "") if names else ""

    @cached_property
    def _above(self) -> str:
        """What the paths of all images begin with, up to the name of the gallery's folder."""
        if self._searcher is None or self._camera_in_path.pattern != CAMERA_IN_PATH:
            return ""
        try:
            folder = os.path.commonpath([path.rpartition("/")[0] for path in self._searcher.index.known()])
        except ValueError:  # some from the root, others not
            return ""
        return folder.rpartition("/")[0]

    @cached_property
    def cameras(self) -> list[str]:
        """All cameras of the gallery, numbers by their size."""
        names = {self.camera(path) for path in self._searcher.index.known()} - {""}
        return sorted(names, key=lambda name: (len(name), name))

    def search(
        self,
        query: AnyImage | dict[str, AnyImage],
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

        def wanted(match: Match) -> bool:
            return (not cameras or self.camera(match.path) in cameras) and (
                least_score is None or match.score >= least_score
            )

        with self._lock:  # neither networks nor all kinds of indexes can be asked by several threads at once
            feature = self.predictor.features(queries, modality)
            if not bool(feature.isfinite().all()):
                raise InputError("the feature of the query has numbers that are not finite")
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
