"""Model card of a trained network: how to use it, its results, and the training it is of."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from yacs.config import CfgNode

from fastreid_mm.common.model_folder import CONFIG, WEIGHTS
from fastreid_mm.evaluation.results import Results, results_table
from fastreid_mm.settings.imports import KEY

_CARD = """---
library_name: fastreid-mm
tags: [re-identification, multi-modal]
{license}---

# {name}

{architecture} with {backbone}, trained on {trained} and tested on {tested}, images of {height} x {width} pixels{kinds}.

## Use

```py
from fastreid_mm import Predictor

predictor = Predictor("path/to/this/folder")  # on the Hugging Face hub: "hf://user/name"
{example}
print(predictor.distance(queries, gallery).argsort(1))  # for each query the gallery from the nearest on
```

Commands take the folder instead of a config and a checkpoint:

```bash
fastreid-mm-index-gallery --weights path/to/this/folder --images gallery {gallery}--index gallery.index
fastreid-mm-search-gallery --weights path/to/this/folder --images queries {queries}--index gallery.index
fastreid-mm-test --weights path/to/this/folder{options}
```
{code}
## Results

In percent, by the protocol of each set.

{results}

## Training

| | |
| --- | --- |
{facts}

`{config}` has every setting, `{weights}` ({size:.1f} MB) every tensor of the network.
"""

_CODE = """
The network needs modules from outside, whose code runs when they are imported: {options}, if you trust them.
"""


class Run(NamedTuple):
    """Facts of a training that its card tells."""

    cfg: CfgNode
    """Config of the network in its new folder."""
    modalities: Sequence[str]
    """Names of the modalities of a sample; none if images are visible or infrared."""
    record: Mapping[str, Any]
    """Content of ``run.json``."""
    results: dict[str, Results]
    """Results by name: trained, and of ``references.json``."""
    size: int
    """Size of the weights in bytes."""


def model_card(name: str, licence: str, run: Run) -> str:
    """Write the card of a network, Markdown with the hub's facts at its head.

    Args:
        name: the title.
        licence: identifier of the licence; left out if empty.
        run: facts of the training.
    """
    cfg, names = run.cfg, run.modalities
    samples = "{" + ", ".join(f'"{each}": "{{0}}/{each}/1.jpg"' for each in names) + "}"
    height, width = cfg.INPUT.SIZE_TEST
    imports = f' {KEY} "{cfg[KEY]}"' if cfg[KEY] else ""
    if names:
        lines = [f"{each} = predictor.features([{samples.replace('{0}', each)}])" for each in ("queries", "gallery")]
    else:
        lines = [
            'queries = predictor.features(["night/1.jpg", "night/2.jpg"], "infrared")',
            'gallery = predictor.features(["day/1.jpg", "day/2.jpg"], "visible")',
        ]
    return _CARD.format(
        name=name,
        license=f"license: {licence}\n" if licence else "",
        architecture=cfg.MODEL.META_ARCHITECTURE,
        backbone=cfg.MODEL.BACKBONE.NAME,
        trained=", ".join(cfg.DATASETS.NAMES),
        tested=", ".join(cfg.DATASETS.TESTS),
        height=height,
        width=width,
        kinds=f" of {' + '.join(names)}" if names else ", visible or infrared",
        example="\n".join(lines),
        gallery="" if names else "--modality visible ",
        queries="" if names else "--modality infrared ",
        options=imports,
        code=_CODE.format(options=f"`{imports.strip()}`") if imports else "",
        results=results_table(run.results),
        facts="\n".join(f"| {what} | {fact} |" for what, fact in _facts(run.record).items()),
        config=CONFIG,
        weights=WEIGHTS,
        size=run.size / 1e6,
    )


def _facts(record: Mapping[str, Any]) -> dict[str, str]:
    """List what a record says, with a row for each version and checksum."""
    facts = {}
    for what, fact in record.items():
        for key, value in fact.items() if isinstance(fact, Mapping) else [("", fact)]:
            words = {"data": "list of samples, SHA-256: ", "config": "config, SHA-256", "versions": ""}.get(what, what)
            facts[f"{words}{key}"] = str(value).replace("|", "\\|").replace("\n", " ") or "unknown"
    return facts
