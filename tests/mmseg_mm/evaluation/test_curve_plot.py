import cv2
import numpy as np

from fastreid_mm.saliency.sod_report import plot_curves
from tests.mmseg_mm.evaluation.test_sod_metric import make_samples, run


def test_the_curves_are_plotted_where_they_are_saved(tmp_path):
    run(make_samples(tmp_path), save_dir=str(tmp_path / "out"))
    assert cv2.imread(str(tmp_path / "out/sod_curves.png")).shape[2] == 3


def test_every_set_has_its_lines():
    falling = np.linspace(1, 0, 256)
    curves = {
        name: {"precision": falling, "recall": falling, "fm": falling, "em": np.linspace(0, 1, 257)}
        for name in ("SIP", "LFSD")
    }
    axes = plot_curves(curves).axes
    assert len(axes) == 3
    for axis in axes:
        assert [line.get_label() for line in axis.lines] == ["SIP", "LFSD"]
        x, y = axis.lines[0].get_data()
        assert x.shape == y.shape
    precision_recall, f, e = (axis.lines[0].get_data() for axis in axes)
    assert np.array_equal(precision_recall, (falling, falling))
    assert f[0][0] == 255 and f[0][-1] == 0 and np.array_equal(f[1], falling)  # PySODMetrics' thresholds fall
    assert e[0].shape == (257,)
