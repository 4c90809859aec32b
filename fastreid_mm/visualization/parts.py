"""Parts of a report, by their names on the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fastreid_mm.protocols import draw_ranked_lists
from fastreid_mm.visualization.attention import draw_attention
from fastreid_mm.visualization.before_training import network_before_training
from fastreid_mm.visualization.curves import draw_curves
from fastreid_mm.visualization.distances import draw_distances
from fastreid_mm.visualization.shown_set import ShownSet
from fastreid_mm.visualization.style import save
from fastreid_mm.visualization.tsne import draw_tsne

QUERIES = 6
"""Number of queries with a ranked list."""


class Part(NamedTuple):
    """Kind of picture of a test set."""

    title: str
    caption: str
    draw: Callable[[ShownSet, Path], None]


PARTS = {
    "ranked_lists": Part(
        "Ranked lists",
        "Queries on the left, spread evenly over the identities, and for each the gallery images that the protocol "
        "shows it, nearest first: framed green where the identity is the query's, orange where it is another. Below an "
        "image are its score and its identity. The untrained network's answers are above those of the trained one.",
        lambda shown, path: draw_ranked_lists(shown.evaluator, str(path), QUERIES, shown.untrained),
    ),
    "curves": Part(
        "CMC and precision-recall curves",
        "Of every setting of the protocol, over the same galleries and with the same images hidden as in the table: "
        "the CMC curve at k is Rank-k, the area under a precision-recall curve is mAP. Dotted, in the same colours: "
        "the untrained network, and chance.",
        lambda shown, path: save(draw_curves(shown.evaluator, shown.untrained), path),
    ),
    "distances": Part(
        "Distances",
        "Pairs of images by the method's own distance, without pairs that the protocol hides. The percentage says how "
        "often a pair of the same identity is nearer than a pair of two identities; 50 % is chance.",
        lambda shown, path: save(draw_distances(shown), path),
    ),
    "tsne": Part(
        "Features in two dimensions (t-SNE)",
        "Images of a few identities by the method's own distance. Colours are identities; markers are modalities, or "
        "cameras where a sample has all modalities. Only who is near to whom has a meaning, not sizes and directions.",
        lambda shown, path: save(draw_tsne(shown, network_before_training(shown.cfg)), path),
    ),
    "attention": Part(
        "Attention",
        "Queries whose first gallery image is right, if there are any, and that image. Bright is what counts: of a "
        "vision transformer the attention of its class token in the last block, of other networks Grad-CAM on the last "
        "maps, whose target is how far the feature of an image reaches in the direction of the other image's.",
        lambda shown, path: save(draw_attention(shown), path),
    ),
}
"""Parts by name, in the order of the report."""
