import pytest

from fastreid_mm.evaluation.results import mean_results, numbers_only, results_table, write_json


def test_tables_and_files(tmp_path):
    rows = {
        "trained": {"SYSUMM01": {"all": {"mAP": 12.345, "gallery": "seeded draw"}}},
        "chance": {"SYSUMM01": {"all": {"mAP": 1.0}}},
    }
    lines = results_table(rows).splitlines()
    assert "12.35" in lines[2] and "seeded draw" in lines[2] and "chance" in lines[3]
    assert numbers_only(rows["trained"]) == {"SYSUMM01": {"all": {"mAP": 12.345}}}
    write_json(str(tmp_path / "results.json"), rows)
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_mean_and_deviation_over_runs():
    runs = [{"RegDB": {"v2t": {"mAP": value, "gallery": "all images"}}} for value in (1.0, 2.0, 6.0)]
    mean, deviation = mean_results(runs)
    assert mean == {"RegDB": {"v2t": {"mAP": 3.0, "gallery": "all images"}}}
    assert deviation["RegDB"]["v2t"]["mAP"] == pytest.approx(7**0.5)
