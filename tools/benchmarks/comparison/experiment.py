"""Description of an experiment: networks, data set, length of training, and claims about them."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """Row of a comparison: one network and recipe.

    Attributes:
        config: its name in ``configs``.
        options: config options on top of it and of the experiment's, ``KEY VALUE ...`` without spaces in a value.
        base: the row that it is compared with.
        tests: the row whose trained network this one tests once more with its options, instead of training.
        epochs: how often it sees the training images if that is not the experiment's; 0 leaves it untrained.
    """

    config: str
    options: str = ""
    base: str = ""
    tests: str = ""
    epochs: int | None = None


@dataclass(frozen=True)
class Experiment:
    """Experiment whose rows see equally many images of the same size in batches of the same size.

    Attributes:
        dataset, setting: their names in ``results.json``.
        metrics: the columns of its table.
        epochs: of every row.
        frozen: how many stages (blocks, of a ViT) are frozen, from the first on; their maps are computed once.
        options: config options of every row, like those of a row.
        rows: by name.
        views: in how many ways each training image is augmented.
    """

    dataset: str
    setting: str
    metrics: tuple[str, ...]
    epochs: int
    frozen: int
    options: str
    rows: dict[str, Row] = field(default_factory=dict)
    views: int = 2


@dataclass(frozen=True)
class Claim:
    """Claim of a paper about two rows.

    Attributes:
        text: the claim, with its place in the paper.
        experiment: name of the experiment that has the rows.
        base, method: the rows.
    """

    text: str
    experiment: str
    base: str
    method: str
