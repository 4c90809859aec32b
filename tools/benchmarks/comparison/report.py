"""Report of runs: a table with differences paired by seed, and what they say of the papers' claims."""

from collections.abc import Mapping
from math import inf, sqrt
from statistics import mean, stdev

from comparison.experiment import Claim, Experiment

Measured = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Row to seed to metrics."""


def table(experiment: Experiment, measured: Measured) -> str:
    """Make a table of the mean and sample standard deviation over seeds of each row's metrics, as Markdown.

    After the metrics stand the difference of mAP between a row and its base with the same seed, mean and standard
    error (with one seed there is none), and the identity loss of the last epoch as a share of that of a guess.
    """
    heads = (experiment.setting, *experiment.metrics, "mAP minus that of", "identity loss", "seeds")
    lines = [f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads)]
    for name, row in experiment.rows.items():
        if ends := list(measured.get(name, {}).values()):
            cells = [_spread([end[metric] for end in ends]) for metric in experiment.metrics]
            differences = _paired(measured, name, row.base, "mAP")
            cells.append(f"{row.base}: {_error(differences)}" if differences else "")
            shares = [end["loss_cls"] / end["guess"] for end in ends if "guess" in end]
            cells.append(f"{mean(shares):.2f}" if shares else "")
            lines.append(f"| {name} | {' | '.join(cells)} | {len(ends)} |")
    return "\n".join(lines)


def verdict(claim: Claim, measured: Measured, metric: str = "mAP") -> str:
    """Make a line of the table of claims: yes if a method is above its base by two standard errors, no if below.

    With one seed nothing is shown.

    Raises:
        ValueError: no seed has both.
    """
    values = _paired(measured, claim.method, claim.base, metric)
    if not values:
        raise ValueError(f"{claim.method} and {claim.base} have no seed in common")
    error = stdev(values) / sqrt(len(values)) if len(values) > 1 else inf
    answer = "yes" if mean(values) > 2 * error else "no" if mean(values) < -2 * error else "not shown"
    return f"| {claim.text} | {claim.base} | {claim.method} | {_error(values)} | {len(values)} | {answer} |"


def _paired(measured: Measured, name: str, base: str, metric: str) -> list[float]:
    """Compute the differences of a row from another, for the seeds that both have."""
    ours, others = measured.get(name, {}), measured.get(base, {})
    return [ours[seed][metric] - others[seed][metric] for seed in sorted(ours.keys() & others.keys(), key=int)]


def _spread(values: list[float]) -> str:
    return f"{mean(values):.1f} ± {stdev(values):.1f}" if len(values) > 1 else f"{values[0]:.1f}"


def _error(values: list[float]) -> str:
    error = f" ± {stdev(values) / sqrt(len(values)):.1f}" if len(values) > 1 else ""
    return f"{mean(values):+.1f}{error}"
