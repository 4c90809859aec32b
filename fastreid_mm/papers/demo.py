"""The same rows small, on data that anybody can draw with ``tools/prepare``."""

from collections.abc import Mapping

from fastreid_mm.papers.paper import Column, Keys, Row, Table

TRIALS = 2
"""The number of RegDB's ten splits that are run."""
MODALITIES = "DATASETS.ALIGNED.MODALITIES"
_REGDB, _MSVR310 = ({"DATASETS.NAMES": [name], "DATASETS.TESTS": [name]} for name in ("RegDB", "MSVR310"))
_ALIGNED = ("demo/{method}.yml", _MSVR310 | {MODALITIES: ["RGB", "NIR", "TIR"]}, "MSVR310/test")
SHORT = {"SOLVER.MAX_EPOCH": 2, "SOLVER.STEPS": [1], "SOLVER.WARMUP_ITERS": 0}
"""A training of two epochs: a table of twelve is to end while somebody watches."""
PLACES: Mapping[str, tuple[str, Keys, str]] = {
    "SYSU": ("demo/{method}.yml", {}, ""),
    "RegDB": ("demo/{method}.yml", _REGDB, ""),
    "RGBNT201": _ALIGNED,
    "Market1501MM": _ALIGNED,
    "RGBN300": ("demo/{method}.yml", _MSVR310, "MSVR310/test"),
    "SOD": ("SOD/{method}_demo.py", {"model.decode_head.detail": "none"}, "toy"),
}
"""By folder of the papers' configs: config, keys, and where its results are, if not where the paper's are."""
NAMES = {"NI": "NIR", "TI": "TIR"}
"""MSVR310's names of RGBNT201's modalities."""


def small_table(table: Table) -> Table:
    """Return a table whose rows are trained on drawn data."""
    columns = {name: _column(column) for name, column in table.columns.items()}
    return table._replace(columns=columns, rows=tuple(map(small_row, table.rows)))


def small_row(row: Row) -> Row:
    """Return a row with the keys that a small network takes."""
    keys = {**row.keys, **row.small}
    if MODALITIES in keys:
        keys[MODALITIES] = [NAMES.get(name, name) for name in keys[MODALITIES]]
    return row._replace(keys=keys)


def _column(column: Column) -> Column:
    config, keys, result = PLACES[column.config.split("/")[0]]
    trials = min(TRIALS, column.trials)
    title = f"{column.title} (demo)"
    keys = keys if config.endswith(".py") else SHORT | dict(keys)
    return column._replace(title=title, config=config, keys=keys, result=result or column.result, trials=trials)
