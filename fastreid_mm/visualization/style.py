"""Common style of all pictures: colours, markers, and writing a figure to a file."""

from pathlib import Path

from matplotlib.figure import Figure

from fastreid_mm.common.whole_file import write_whole

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Colours that people with any colour vision tell apart: Okabe and Ito's, without the yellow that white drowns."""
LINES = ("-", "--", "-.", ":")
"""Line styles, which tell curves apart in black and white, too."""
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")
"""Markers of groups of images."""
SAME, OTHER = COLOURS[2], COLOURS[1]
"""Colours for images of the same and of another identity, as in ranked lists."""
HEAT = "plasma"
"""Colour map of attention, whose lightness rises throughout."""


def new_figure(width: float, height: float) -> Figure:
    """Make a figure of a size in inches that needs no window and no state of matplotlib."""
    return Figure(figsize=(width, height), layout="constrained")


def save(figure: Figure, path: Path) -> None:
    """Write a PNG file whole or not at all."""
    write_whole(str(path), lambda part: figure.savefig(part, format="png", dpi=110))
