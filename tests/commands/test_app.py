"""What the command of the page hands on."""

from fastreid_mm.commands import app


def test_the_bound_on_pixels_and_examples_reach_the_saliency_tab(monkeypatch):
    monkeypatch.setattr("mmseg_mm.trained_model.init_rgbd_model", lambda *files: files)
    monkeypatch.setattr("mmseg_mm.predictor.SaliencyPredictor", lambda *given, **options: (given, options))
    monkeypatch.setattr("fastreid_mm.app.saliency_desk.SaliencyDesk", lambda *given: given)
    words = "--saliency-config a.py --saliency-checkpoint x.pth --max-pixels 99 --saliency-examples RGB/1.png RGB/2.png"
    predictor, examples = app._saliency(app.parse_arguments(words.split()))
    assert predictor == ((("a.py", "x.pth"),), {"max_pixels": 99}) and examples == ["RGB/1.png", "RGB/2.png"]
