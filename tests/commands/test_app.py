"""What the command of the page hands on."""

from fastreid_mm.commands import app


def test_the_bound_on_pixels_reaches_the_saliency_tab(monkeypatch):
    asked = []
    monkeypatch.setattr("mmseg_mm.trained_model.init_rgbd_model", lambda *arguments: "model")
    monkeypatch.setattr("mmseg_mm.inference.inference_rgbd", lambda *given, **options: asked.append((given, options)))
    arguments = [
        "--saliency-config",
        "SOD/mutualformer_demo.py",
        "--saliency-checkpoint",
        "x.pth",
        "--max-pixels",
        "99",
    ]
    app._saliency(app.parse_arguments([*arguments, "--max-pixels", "99"]))("a.png", "b.png")
    assert asked == [(("model", "a.png", "b.png"), {"max_pixels": 99})]
