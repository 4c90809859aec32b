"""What is said of runs: a table, differences paired by seed, and what they say of the papers' claims."""

from collections.abc import Mapping
from math import inf, sqrt
from statistics import mean, stdev

from comparison.experiment import Claim, Experiment

Measured = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Row to seed to metrics."""


def table(experiment: Experiment, measured: Measured) -> str:
    """Mean and sample standard deviation over seeds of what each row reached, as Markdown.

    The last column is the identity loss at the end, beside that of a uniform guess.
    """
    lines = [f"| {experiment.setting} | {' | '.join(experiment.metrics)} | identity loss | seeds |"]
    lines += ["|" + " --- |" * (len(experiment.metrics) + 3)]
    for name in experiment.rows:
        if ends := list(measured.get(name, {}).values()):
            cells = [_spread([end[metric] for end in ends]) for metric in experiment.metrics]
            losses = [end["loss_cls"] for end in ends if "loss_cls" in end]
            cells.append(f"{mean(losses):.2f}" if losses else "")
            lines.append(f"| {name} | {' | '.join(cells)} | {len(ends)} |")
    return "\n".join(lines)


def differences(experiment: Experiment, measured: Measured, metrics: tuple[str, ...] = ("Rank-1", "mAP")) -> str:
    """What each row has more than its base with the same seed: mean and standard error of the mean, as Markdown.

    One seed has no error.
    """
    lines = [f"| minus its base | base | {' | '.join(metrics)} | seeds |", "|" + " --- |" * (len(metrics) + 3)]
    for name, row in experiment.rows.items():
        by_metric = [_paired(measured, name, row.base, metric) for metric in metrics]
        if by_metric[0]:
            cells = [_error(values) for values in by_metric]
            lines.append(f"| {name} | {row.base} | {' | '.join(cells)} | {len(by_metric[0])} |")
    return "\n".join(lines)


def verdict(claim: Claim, measured: Measured, metric: str = "mAP") -> str:
    """One line of the table of claims: it holds if a method is above its base by two standard errors.

    One seed shows nothing.

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
    """Differences of a row from another, of the seeds that both have."""
    ours, others = measured.get(name, {}), measured.get(base, {})
    return [ours[seed][metric] - others[seed][metric] for seed in sorted(ours.keys() & others.keys(), key=int)]


def _spread(values: list[float]) -> str:
    return f"{mean(values):.1f} ± {stdev(values):.1f}" if len(values) > 1 else f"{values[0]:.1f}"


def _error(values: list[float]) -> str:
    error = f" ± {stdev(values) / sqrt(len(values)):.1f}" if len(values) > 1 else ""
    return f"{mean(values):+.1f}{error}"
