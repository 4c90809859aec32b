"""The metric gives PySODMetrics' numbers, whatever the number of processes."""

import json
import pickle

import cv2
import numpy as np
import py_sod_metrics
import pytest
import torch

from fastreid_mm.common.errors import InputError
from fastreid_mm.saliency.score_job import ScoreJob
from mmseg_mm.evaluation import SODMetric
from tests.mmseg_mm.rgbd_files import write

SIZE = (40, 56)


def make_samples(folder, count: int = 5, name: str = "SIP", seed: int = 0) -> list[dict]:
    rng = np.random.default_rng(seed)
    samples = []
    for number in range(count):
        mask = cv2.GaussianBlur(rng.standard_normal(SIZE).astype(np.float32), (0, 0), 5) > 0.03
        saliency = np.clip(0.6 * mask + 0.5 * rng.random(SIZE), 0, 1).astype(np.float32)
        samples.append(
            {
                "img_path": f"RGB/{number}.jpg",
                "dataset_name": name,
                "seg_map_path": write(folder / name / f"{number}.png", mask.astype(np.uint8) * 255),
                "seg_logits": {"data": torch.from_numpy(saliency)[None]},
            }
        )
    return samples


def run(samples: list[dict], **arguments) -> dict[str, float]:
    metric = SODMetric(**arguments)
    for start in range(0, len(samples), 2):
        metric.process(None, samples[start : start + 2])
    return metric.evaluate(len(samples))


def by_hand(samples: list[dict]) -> dict[str, float]:
    f, e, s = py_sod_metrics.Fmeasure(), py_sod_metrics.Emeasure(), py_sod_metrics.Smeasure()
    mae, weighted = py_sod_metrics.MAE(), py_sod_metrics.WeightedFmeasure()
    for sample in samples:
        mask = cv2.imread(sample["seg_map_path"], cv2.IMREAD_GRAYSCALE)
        saliency = torch.nn.functional.interpolate(sample["seg_logits"]["data"][None], mask.shape, mode="bilinear")
        prediction = (saliency[0, 0] * 255).round().byte().numpy()
        for measure in (f, e, s, mae, weighted):
            measure.step(prediction, mask)
    fm, em = f.get_results()["fm"], e.get_results()["em"]
    return {
        "Sm": s.get_results()["sm"],
        "maxFm": fm["curve"].max(),
        "meanFm": fm["curve"].mean(),
        "adpFm": fm["adp"],
        "maxEm": em["curve"].max(),
        "meanEm": em["curve"].mean(),
        "adpEm": em["adp"],
        "wFm": weighted.get_results()["wfm"],
        "MAE": mae.get_results()["mae"],
    }


@pytest.fixture
def warnings_of(monkeypatch):
    said = []
    monkeypatch.setattr("mmseg_mm.evaluation.sod_metric.print_log", lambda message, *args: said.append(message))
    return said


def test_equals_pysodmetrics_for_any_number_of_processes(tmp_path):
    samples = make_samples(tmp_path, 9)
    results = [run(samples, num_workers=workers) for workers in (0, 1, 2)]
    assert results[0] == results[1] == results[2]
    expected = by_hand(samples)
    assert set(results[0]) == {f"sod/{name}/{metric}" for name in ("SIP", "mean") for metric in expected}
    for name, value in expected.items():
        assert results[0][f"sod/SIP/{name}"] == pytest.approx(value, abs=1e-12)


def test_a_prediction_is_brought_to_the_masks_size(tmp_path):
    samples = make_samples(tmp_path)
    for sample in samples:
        sample["seg_logits"]["data"] = sample["seg_logits"]["data"][:, ::2, ::3].contiguous()
    results = run(samples)
    for name, value in by_hand(samples).items():
        assert results[f"sod/SIP/{name}"] == pytest.approx(value, abs=1e-3)  # half values may round either way
    rounded = run(samples, round_first=True)
    assert 0 < abs(rounded["sod/SIP/MAE"] - results["sod/SIP/MAE"]) < 1e-3


def test_one_row_for_each_data_set_and_their_mean(tmp_path):
    one, two = make_samples(tmp_path), make_samples(tmp_path, 3, "LFSD", 1)
    found, first, second = run([one[0], two[0], *one[1:], *two[1:]]), run(one), run(two)
    for name in ("Sm", "maxFm", "MAE"):
        assert found[f"sod/SIP/{name}"] == first[f"sod/SIP/{name}"] == first[f"sod/mean/{name}"]
        assert found[f"sod/LFSD/{name}"] == second[f"sod/LFSD/{name}"]
        assert found[f"sod/mean/{name}"] == pytest.approx((first[f"sod/SIP/{name}"] + second[f"sod/LFSD/{name}"]) / 2)


def test_a_black_mask_is_scored_as_pysodmetrics_does_and_named(tmp_path, warnings_of):
    samples = make_samples(tmp_path, 2)
    write(tmp_path / "SIP/1.png", np.zeros(SIZE, np.uint8))
    results = run(samples)
    for name, value in by_hand(samples).items():
        assert results[f"sod/SIP/{name}"] == pytest.approx(value, abs=1e-12)
    assert warnings_of[0] == f"SIP: 1 masks or maps are odd: mask {tmp_path}/SIP/1.png is all black"


def test_report(tmp_path):
    samples = make_samples(tmp_path)
    results = run(samples, save_dir=str(tmp_path / "out"), output_dir=str(tmp_path / "maps"), keep_results=True)
    rows = json.loads((tmp_path / "out/sod_results.json").read_text())
    assert {f"sod/SIP/{name}": value for name, value in rows["SIP"].items()}.items() <= results.items()
    curves = json.loads((tmp_path / "out/sod_curves.json").read_text())["SIP"]
    assert max(curves["fm"]) == rows["SIP"]["maxFm"] and max(curves["em"]) == rows["SIP"]["maxEm"]
    assert len(curves["precision"]) == len(curves["recall"]) == 256
    images = json.loads((tmp_path / "out/sod_images.json").read_text())
    assert np.mean([one["Sm"] for one in images.values()]) == pytest.approx(rows["SIP"]["Sm"])


def test_written_maps_score_the_same(tmp_path):
    samples = make_samples(tmp_path)
    results = run(samples, output_dir=str(tmp_path / "maps"))
    for sample in samples:
        number = sample["img_path"][4:-4]
        written = cv2.imread(str(tmp_path / f"maps/SIP/{number}.png"), cv2.IMREAD_UNCHANGED)
        sample["seg_logits"]["data"] = torch.from_numpy(written)[None] / 255
    assert run(samples) == results


@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_map_that_cannot_be_written_is_named(tmp_path, num_workers):
    (tmp_path / "maps/SIP/1.png").mkdir(parents=True)
    with pytest.raises(InputError, match=r"cannot write .*maps/SIP/1\.png: \[Errno 21\] Is a directory"):
        run(make_samples(tmp_path, 2), output_dir=str(tmp_path / "maps"), num_workers=num_workers)


def test_maps_without_masks(tmp_path):
    samples = make_samples(tmp_path, 2)
    for sample in samples:
        del sample["seg_map_path"]
    assert run(samples, output_dir=str(tmp_path / "maps"), format_only=True) == {}
    assert len(list((tmp_path / "maps/SIP").iterdir())) == 2
    with pytest.raises(InputError, match=r"RGB/0\.jpg has no mask"):
        run(samples)


def test_a_missing_mask_is_named_from_a_worker(tmp_path):
    samples = make_samples(tmp_path, 3)
    (tmp_path / "SIP/1.png").unlink()
    with pytest.raises(InputError, match=r"SIP/1\.png does not exist"):
        run(samples, num_workers=1)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"seg_logits": {"data": torch.full((1, 4, 4), -2.5)}}, "between -2.5 and -2.5, probabilities are needed"),
        ({"seg_logits": {"data": torch.full((1, 4, 4), torch.nan)}}, "probabilities are needed"),
        ({"seg_logits": {"data": torch.zeros(2, 4, 4)}}, r"\(2, 4, 4\), one channel"),
        ({"dataset_name": None}, "no dataset_name"),
    ],
)
def test_a_sample_that_cannot_be_scored_is_named(tmp_path, change, message):
    sample = {key: value for key, value in {**make_samples(tmp_path, 1)[0], **change}.items() if value is not None}
    with pytest.raises(InputError, match=message):
        run([sample])


def test_a_name_for_foreign_data_sets(tmp_path):
    samples = make_samples(tmp_path, 2)
    for sample in samples:
        del sample["dataset_name"]
    assert "sod/mine/Sm" in run(samples, dataset_name="mine")


@pytest.mark.parametrize("arguments", [{"num_workers": -1}, {"format_only": True}])
def test_wrong_arguments(arguments):
    with pytest.raises(InputError, match=next(iter(arguments))):
        SODMetric(**arguments)


def test_jobs_can_be_sent_to_processes_that_inherit_nothing(tmp_path):
    sample = make_samples(tmp_path, 1)[0]
    job = ScoreJob(sample["seg_logits"]["data"][0].numpy(), sample["seg_map_path"], None)
    assert pickle.loads(pickle.dumps(job.run))().numbers == job.run().numbers
