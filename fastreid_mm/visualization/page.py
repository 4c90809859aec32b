"""Page of a report: plain HTML that needs no network."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from fastreid_mm.evaluation.results import Results, table_of

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.5rem; border-bottom: 1px solid #ccc; } p { max-width: 48rem; }
table { border-collapse: collapse; margin: 1rem 0; } th, td { padding: .3rem .8rem; border-bottom: 1px solid #ddd; }
th { text-align: left; } td.number { text-align: right; font-variant-numeric: tabular-nums; }
tr.reference { color: #777; } tr:has(+ tr.reference):not(.reference) td { border-top: 2px solid #bbb; }
figure { margin: 1rem 0; } img { max-width: 100%; border: 1px solid #eee; }
"""


class Picture(NamedTuple):
    """Picture in the folder of the page."""

    file: str
    title: str
    caption: str


def page(title: str, facts: Mapping[str, str], results: Mapping[str, Results], pictures: Sequence[Picture]) -> str:
    """Return the HTML of the page. Every text is escaped.

    Args:
        title: the title.
        facts: what is said above the table, by name.
        results: results by the name of what was tested, the model's first: trained, untrained, chance.
        pictures: the pictures below the table.
    """
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>\n" for name, value in facts.items())
    shown = "".join(
        f'<h2>{escape(each.title)}</h2>\n<p>{escape(each.caption)}</p>\n<figure><a href="{escape(each.file)}">'
        f'<img src="{escape(each.file)}" alt="{escape(each.title)}"></a></figure>\n'
        for each in pictures
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n<table>\n{rows}</table>\n"
        f"<h2>Results in percent</h2>\n{_results_table(results)}{shown}</body>\n</html>\n"
    )


def _results_table(results: Mapping[str, Results]) -> str:
    names, lines = table_of(results)
    header = "".join(f"<th>{escape(name)}</th>" for name in ("data set", "setting", "features", *names))
    first = next(iter(results))
    rows = "".join(
        f"<tr{'' if name == first else ' class=reference'}>"
        + "".join(f"<td>{escape(text)}</td>" for text in (dataset, setting, name))
        + "".join(_cell(metrics.get(metric, "")) for metric in names)
        + "</tr>\n"
        for dataset, setting, name, metrics in lines
    )
    return f"<table>\n<tr>{header}</tr>\n{rows}</table>\n"


def _cell(value: float | str) -> str:
    if isinstance(value, str):
        return f"<td>{escape(value)}</td>"
    return f'<td class="number">{value if isinstance(value, int) else f"{value:.2f}"}</td>'
