"""Model card of a trained network: Markdown with the facts that the Hugging Face hub reads at its head."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fastreid_mm.common.model_folder import CONFIG, WEIGHTS

_CARD = """---
library_name: fastreid-mm
tags: [{tags}]
{licence}---

# {name}

{summary}

## Use

```py
{example}
```

Commands take the folder instead of a config and a checkpoint:

```bash
{commands}
```
{code}
## Results

{measured}

{results}

## Training

| | |
| --- | --- |
{facts}

`{config}` has every setting, `{weights}` ({size:.1f} MB) every tensor of the network.
"""

_CODE = """
The network needs modules from outside, whose code runs when they are imported: `{option}`, if you trust them.
"""


class Card(NamedTuple):
    """Contents of a model card."""

    tags: Sequence[str]
    """Tags by which the hub finds the network."""
    summary: str
    """Sentence on what the network is, what it was trained on, and what it takes."""
    example: str
    """Lines of Python that use the folder."""
    commands: str
    """Lines of a shell that use the folder."""
    code: str
    """Option that names modules from outside which the network needs; empty if it needs none."""
    measured: str
    """Sentence on the unit of the results and how they were measured."""
    results: str
    """Table of results, Markdown."""
    record: Mapping[str, Any]
    """Content of ``run.json``."""


def card_text(card: Card, name: str, licence: str, size: int) -> str:
    """Write a card as Markdown.

    Args:
        card: the contents.
        name: the title.
        licence: identifier of the licence; left out if empty.
        size: size of the weights in bytes.
    """
    return _CARD.format(
        **card._asdict()
        | {
            "tags": ", ".join(card.tags),
            "code": _CODE.format(option=card.code) if card.code else "",
            "facts": "\n".join(f"| {what} | {fact} |" for what, fact in _facts(card.record).items()),
        },
        name=name,
        licence=f"license: {licence}\n" if licence else "",
        config=CONFIG,
        weights=WEIGHTS,
        size=size / 1e6,
    )


def _facts(record: Mapping[str, Any]) -> dict[str, str]:
    """List what a record says, with a row for each version and checksum."""
    facts = {}
    for what, fact in record.items():
        for key, value in fact.items() if isinstance(fact, Mapping) else [("", fact)]:
            words = {"data": "list of samples, SHA-256: ", "config": "config, SHA-256", "versions": ""}.get(what, what)
            facts[f"{words}{key}"] = str(value).replace("|", "\\|").replace("\n", " ") or "unknown"
    return facts
