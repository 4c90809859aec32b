"""Description of an experiment: networks, data set and length of training."""

from dataclasses import dataclass, field

LITE0 = (
    "MODEL.BACKBONE.PRETRAIN True MODEL.BACKBONE.RESNET.NAME tf_efficientnet_lite0 MODEL.BACKBONE.CHANNELS_LAST True "
    "MODEL.PIXEL_MEAN [127.0,127.0,127.0] MODEL.PIXEL_STD [128.0,128.0,128.0] "
)
"""Options of EfficientNet-lite0 with the weights of ImageNet."""


@dataclass(frozen=True)
class Row:
    """Row of a comparison: one network and recipe.

    Attributes:
        config: the name of a config in ``configs/demo``.
        options: config options on top of that and of the experiment's, ``KEY VALUE ...`` without spaces in a value.
        base: the row that it is compared with.
        tests: the row whose trained network is tested with these options, instead of training.
    """

    config: str
    options: str = ""
    base: str = ""
    tests: str = ""


@dataclass(frozen=True)
class Experiment:
    """Experiment whose rows see equally many images of the same size in batches of the same size.

    Attributes:
        dataset, setting: their names in ``results.json``.
        metrics: the columns.
        epochs: the epochs of every row.
        period: epochs from one point of a curve to the next.
        options: config options of every row, like those of a row.
        rows: the rows by name.
        reference: the row whose untrained network is shown, with chance.
    """

    dataset: str
    setting: str
    metrics: tuple[str, ...]
    epochs: int
    period: int
    options: str
    rows: dict[str, Row] = field(default_factory=dict)
    reference: str = ""
