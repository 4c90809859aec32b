"""Search of an index by the page: the nearest images that pass a filter."""

import os
from collections.abc import Collection
from functools import cached_property
from threading import Lock
from typing import Any

from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.read_image import AnyImage
from fastreid_mm.inference.predictor import Predictor
from fastreid_mm.retrieval.answers import Match
from fastreid_mm.retrieval.path_labels import CAMERA, IDENTITY, PathLabel
from fastreid_mm.retrieval.searcher import Searcher

_MORE = 4


class GalleryDesk:
    """Search of an index for the nearest images that pass a filter, one query after the other.

    Args:
        predictor: predictor that makes the features of queries.
        searcher: searcher of the index, made with that predictor.
        camera_in_path: a regular expression whose first group is the camera's name in an image's path.
        identity_in_path: likewise of the identity.

    Raises:
        InputError: an expression is not a regular expression, or has no group.
    """

    def __init__(
        self, predictor: Predictor, searcher: Searcher, camera_in_path: str = CAMERA, identity_in_path: str = IDENTITY
    ) -> None:
        self.predictor, self._searcher = predictor, searcher
        self._camera_in_path = PathLabel(camera_in_path, "--camera")
        self._identity_in_path = PathLabel(identity_in_path, "--identity")
        self._lock = Lock()

    def camera(self, path: str) -> str:
        """Find the camera's name in a path, the one nearest to the file name; empty if there is none.

        With the default expression, only the gallery's folder, which holds all images of the index, and names below it
        are searched.
        """
        start = len(self._above) if path.startswith(self._above) else 0
        return printable(self._camera_in_path(path, start))

    def identity(self, path: str) -> str:
        """Find the identity's name in a path; empty if there is none."""
        return printable(self._identity_in_path(path))

    def right(self, query: str, path: str) -> bool | None:
        """Tell whether the paths of query and image name the same identity; None if one of them names none."""
        asked, found = self.identity(query), self.identity(path)
        return asked == found if asked and found else None

    @cached_property
    def _above(self) -> str:
        """Common beginning of the paths of all images, up to the name of the gallery's folder."""
        if self._searcher is None or self._camera_in_path.pattern.pattern != CAMERA:
            return ""
        try:
            folder = os.path.commonpath([path.rpartition("/")[0] for path in self._searcher.index.known()])
        except ValueError:  # absolute and relative paths
            return ""
        return folder.rpartition("/")[0]

    @cached_property
    def cameras(self) -> list[str]:
        """Names of all cameras of the gallery, numbers in ascending order."""
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
        """Find the ``top`` nearest images, the nearest first.

        Args:
            query: an image; for methods of aligned images, one for each modality that is present.
            modality: "visible" or "infrared"; empty for aligned images.
            top: the largest number of images.
            cameras: only images of these cameras; of all if empty.
            least_score: only images whose score is at least this.

        Raises:
            InputError: the query does not fit the method.
        """
        queries: Any = [query]

        def wanted(match: Match) -> bool:
            return (not cameras or self.camera(match.path) in cameras) and (
                least_score is None or match.score >= least_score
            )

        with self._lock:  # neither networks nor all kinds of indexes can be used by several threads at once
            feature = self.predictor.features(queries, modality)
            if not bool(feature.isfinite().all()):
                raise InputError("the feature of the query has numbers that are not finite")
            count = top
            while True:  # more and more images, until enough are wanted, or the index has no more
                matches = self._searcher.search(feature, count)[0]
                passing = [match for match in matches if wanted(match)]
                if len(passing) >= top or len(matches) < count:
                    return passing[:top]
                count *= _MORE
