"""Opening of an index by its location, in a file or in Milvus."""

from pathlib import Path

import torch
from PIL import Image

from fastreid_mm.common.errors import InputError
from fastreid_mm.inference.predictor import Predictor
from fastreid_mm.modeling.contract import as_meta_architecture
from fastreid_mm.retrieval.faiss_index import FaissIndex
from fastreid_mm.retrieval.identity import Identity, identity_of
from fastreid_mm.retrieval.milvus_index import MilvusIndex
from fastreid_mm.retrieval.side_file import read_side
from fastreid_mm.retrieval.spaces import QueryAdaptiveSpace, Space, space_of
from fastreid_mm.retrieval.vector_index import VectorIndex

_INNER_PRODUCTS = ("cosine", QueryAdaptiveSpace.name)
"""Names of the spaces whose nearest rows are those of the largest inner product."""


def model_space(predictor: Predictor) -> Space:
    """Return the space of the features of a predictor."""
    return space_of(as_meta_architecture(predictor.model, predictor.cfg.TEST.METRIC))


def open_index(
    location: str,
    predictor: Predictor,
    kind: str | None = None,
    effort: str = "",
    create: bool = False,
) -> VectorIndex:
    """Open the index of a predictor's features.

    Args:
        location: the path of a file, ``milvus://...`` or ``milvus-lite://...``.
        predictor: the predictor, whose features the index has, or is to have.
        kind: the kind of a new index, see :class:`FaissIndex` and :class:`MilvusIndex`; exact if None.
        effort: the effort of a search in an approximate kind.
        create: whether to make a new index if there is none.

    Raises:
        InputError: there is no index, or it cannot be used, or it is another model's.
    """
    space = model_space(predictor)
    if not space.proposes and (kind or "flat").lower() != "flat":
        raise InputError(
            f"--kind {kind}: {predictor.cfg.MODEL.META_ARCHITECTURE} has a distance of its own, which no approximate "
            "kind knows; leave --kind out"
        )
    identity = identity_of(predictor.cfg, predictor.model, space.name, _row_size(predictor, space))
    return open_of(location, identity, kind, effort, create)


def open_of(
    location: str, identity: Identity | None = None, kind: str | None = None, effort: str = "", create: bool = False
) -> VectorIndex:
    """Open an index without the model; otherwise like :func:`open_index`.

    Args:
        location, kind, effort, create: see :func:`open_index`.
        identity: the identity of its vectors; None for that of an existing index, whatever it is.

    Raises:
        InputError: there is no index, it cannot be used, or its vectors are of another identity.
    """
    inner_product = identity is not None and identity.space in _INNER_PRODUCTS
    if location.startswith(("milvus://", "milvus-lite://")):
        return MilvusIndex(location, identity, kind, inner_product, effort, create)
    path = Path(location)
    if "://" in location:
        raise InputError(f"--index {location}: give a path, milvus://... or milvus-lite://...")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise InputError(f"--index {path} is a folder, or its folder does not exist")
    if not create and not path.exists():
        started = ", it was not finished: repeat index_gallery" if Path(f"{path}.new").exists() else ""
        raise InputError(f"there is no index {path}{started}")
    return FaissIndex(path, identity or read_side(Path(f"{path}.json")).identity, kind, inner_product, effort)


def _row_size(predictor: Predictor, space: Space) -> int:
    """Return V. If a model does not declare the length of its features, it makes one of a black picture."""
    size = as_meta_architecture(predictor.model, predictor.cfg.TEST.METRIC).feature_size
    if size:
        return space.vectors(torch.empty(0, size)).shape[1]
    image = Image.new("RGB", (8, 8))
    arguments = ([{predictor.modalities[0]: image}],) if predictor.modalities else ([image], "visible")
    return space.vectors(predictor.features(*arguments)).shape[1]
