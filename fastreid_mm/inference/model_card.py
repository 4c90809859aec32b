"""Contents of the model card of a Re-ID network: how to use it, its results, and the training it is of."""

from collections.abc import Mapping, Sequence
from typing import Any

from yacs.config import CfgNode

from fastreid_mm.common.model_card import Card
from fastreid_mm.evaluation.results import Results, results_table
from fastreid_mm.settings.config import KEY

_EXAMPLE = """from fastreid_mm import Predictor

predictor = Predictor("path/to/this/folder")  # on the Hugging Face hub: "hf://user/name"
{lines}
print(predictor.distance(queries, gallery).argsort(1))  # for each query the gallery from the nearest on"""

_COMMANDS = """fastreid-mm-index-gallery --weights path/to/this/folder --images gallery {gallery}--index gallery.index
fastreid-mm-search-gallery --weights path/to/this/folder --images queries {queries}--index gallery.index
fastreid-mm-test --weights path/to/this/folder{options}"""


def model_card(cfg: CfgNode, modalities: Sequence[str], record: Mapping[str, Any], results: dict[str, Results]) -> Card:
    """Describe a network.

    Args:
        cfg: config of the network in its new folder.
        modalities: names of the modalities of a sample; none if images are visible or infrared.
        record: content of ``run.json``.
        results: results by name: trained, and of ``references.json``.
    """
    samples = "{" + ", ".join(f'"{each}": "{{0}}/{each}/1.jpg"' for each in modalities) + "}"
    height, width = cfg.INPUT.SIZE_TEST
    imports = f'{KEY} "{cfg[KEY]}"' if cfg[KEY] else ""
    if modalities:
        lines = [f"{each} = predictor.features([{samples.replace('{0}', each)}])" for each in ("queries", "gallery")]
    else:
        lines = [
            'queries = predictor.features(["night/1.jpg", "night/2.jpg"], "infrared")',
            'gallery = predictor.features(["day/1.jpg", "day/2.jpg"], "visible")',
        ]
    kinds = f" of {' + '.join(modalities)}" if modalities else ", visible or infrared"
    return Card(
        tags=("re-identification", "multi-modal"),
        summary=f"{cfg.MODEL.META_ARCHITECTURE} with {cfg.MODEL.BACKBONE.NAME}, trained on "
        f"{', '.join(cfg.DATASETS.NAMES)} and tested on {', '.join(cfg.DATASETS.TESTS)}, "
        f"images of {height} x {width} pixels{kinds}.",
        example=_EXAMPLE.format(lines="\n".join(lines)),
        commands=_COMMANDS.format(
            gallery="" if modalities else "--modality visible ",
            queries="" if modalities else "--modality infrared ",
            options=f" {imports}" if imports else "",
        ),
        code=imports,
        measured="In percent, by the protocol of each set.",
        results=results_table(results),
        record=record,
    )
