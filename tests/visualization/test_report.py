"""The command: one test of a checkpoint, its pictures and the page."""

import json
import re
from html.parser import HTMLParser

import pytest
import torch
from fastreid.modeling import build_model
from PIL import Image

from fastreid_mm.commands.visualize import main, parse_arguments
from fastreid_mm.common.errors import InputError
from fastreid_mm.engine.checkpoint import SafeCheckpointer
from fastreid_mm.inference.testing import evaluate_only
from fastreid_mm.settings.load import with_values
from fastreid_mm.visualization import attention
from fastreid_mm.visualization.page import Picture, page
from fastreid_mm.visualization.training_curves import draw_training_curves, read_metrics


@pytest.fixture(autouse=True)
def two_pairs(monkeypatch):
    """Many small pictures in one take matplotlib seconds."""
    monkeypatch.setattr(attention, "COLUMNS", 2)


@pytest.fixture
def run(tiny_cfg, tiny_config, tmp_path):
    """A config and a checkpoint as training leaves them."""

    def save(base):
        cfg = tiny_cfg("MODEL.HEADS.NUM_CLASSES", 6, base=base)
        torch.manual_seed(0)
        SafeCheckpointer(build_model(cfg), str(tmp_path)).save("model", num_classes=6, seed=7)
        weights = str(tmp_path / "model.pth")
        return ["--config-file", tiny_config(base), "--weights", weights], with_values(cfg, MODEL__WEIGHTS=weights)

    return save


def test_a_report_of_everything(run, tmp_path, sysu_datasets, capsys):
    arguments, cfg = run("SYSU/cmtr.yml")
    lines = [{"iteration": i, "total_loss": 4.0 - i, "SYSUMM01/all_search_1shot/mAP": 10.0 * i} for i in (1, 2)]
    (tmp_path / "metrics.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    output = tmp_path / "deep" / "report"
    main([*arguments, "--output", str(output)])
    numbers, last = capsys.readouterr().out.splitlines()
    assert re.fullmatch(
        r"SYSUMM01, all search 1shot, Rank-1 / mAP: trained [^,]+, untrained [^,]+, chance [^,]+", numbers
    )
    assert last == f"Report: {output / 'index.html'}"
    html = (output / "index.html").read_text()
    files = re.findall(r'src="([^"]+)"', html)
    names = [f"{part}_SYSUMM01.png" for part in ("ranked_lists", "curves", "distances", "tsne", "attention")]
    assert files == [*names, "training.png"] and {path.name for path in output.iterdir()} == {*files, "index.html"}
    assert all(min(Image.open(output / name).size) > 200 for name in files)
    assert "<tr><th>seed of training</th><td>7</td></tr>" in html and "http" not in html
    for metrics in evaluate_only(cfg)["SYSUMM01"].values():
        assert f">{metrics['mAP']:.2f}</td>" in html and f">{metrics['Rank-10']:.2f}</td>" in html
    rows = re.findall(r"<td>all_search_1shot</td><td>(\w+)</td>", html)
    assert rows == ["trained", "untrained", "chance"]


def test_some_parts_of_aligned_samples(run, tmp_path, monkeypatch, rgbnt201_root):
    monkeypatch.setenv("FASTREID_DATASETS", str(rgbnt201_root))
    arguments, _ = run("RGBNT201/ieee.yml")
    parts = ["attention", "distances", "TEST.MISSING", "('NI',)"]
    main([*arguments, "--output", str(tmp_path / "report"), "--only", *parts])
    found = {path.name for path in (tmp_path / "report").iterdir()}
    assert found == {"index.html", "attention_RGBNT201.png", "distances_RGBNT201.png"}
    html = (tmp_path / "report" / "index.html").read_text()
    assert "<td>RGB + NI + TI</td>" in html and "<th>missing in the test</th><td>NI</td>" in html


def test_keys_may_follow_the_names_of_parts():
    basis = ["--config-file", "c", "--output", "o"]
    args = parse_arguments([*basis, "--only", "tsne", "curves", "SEED", "3"])
    assert (args.only, args.opts) == (["tsne", "curves"], ["SEED", "3"])
    assert parse_arguments([*basis, "MODEL.DEVICE", "cpu"]).opts == ["MODEL.DEVICE", "cpu"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--only", "tsen"], "error: --only tsen is not one of ranked_lists, curves"),
        (["--output", __file__], "is not a folder"),
        (["--weights", "nowhere.pth"], "nowhere.pth"),
    ],
)
def test_wrong_arguments_are_told_in_a_line(tiny_config, tmp_path, capsys, options, expected):
    with pytest.raises(SystemExit) as end:
        main(["--config-file", tiny_config(), "--output", str(tmp_path / "report"), *options])
    error = capsys.readouterr().err
    assert end.value.code == 2 and error.count("\n") == 1 and expected in error
    assert not (tmp_path / "report").exists()


def test_every_text_of_a_page_is_escaped():
    evil = "<script>&\"'"
    results = {evil: {evil: {evil: {evil: evil, "Rank-1": 50.0, "n": 3}}}}
    html = page(evil, {evil: evil}, results, [Picture(evil, evil, evil)])
    texts = []
    parser = HTMLParser()
    parser.handle_data = texts.append
    parser.handle_starttag = lambda tag, attributes: texts.extend(value for _, value in attributes)
    parser.feed(html)
    assert "<script" not in html and texts.count(evil) == 14 and {"50.00", "3"} <= set(texts)


def test_of_an_iteration_that_was_trained_twice_the_later_counts(tmp_path):
    path = tmp_path / "metrics.json"
    lines = [(1, 5.0), (2, 4.0), (3, 3.0), (2, 3.5)]
    path.write_text("".join(json.dumps({"iteration": i, "loss_id": loss}) + "\n" for i, loss in lines))
    assert read_metrics(path) == {"loss_id": [(1, 5.0), (2, 3.5), (3, 3.0)]}
    (axis,) = draw_training_curves(read_metrics(path)).axes
    assert axis.lines[0].get_xydata().tolist() == [[1, 5], [2, 3.5], [3, 3]]
    path.write_text('{"iteration": 1, "loss_id": 2.0}\n{"iterat')
    with pytest.raises(InputError, match="metrics.json, line 2"):
        read_metrics(path)
