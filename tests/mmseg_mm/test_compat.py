"""Everything is registered by one import, with or without mmcv's operators."""

import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec

import pytest
from mmengine.utils.dl_utils.misc import mmcv_full_available
from mmseg.registry import DATASETS, METRICS, MODELS, TRANSFORMS

import mmseg_mm
from mmseg_mm.compat import OPERATORS, once, provide_operators


@pytest.mark.parametrize(
    "registry, name",
    [
        (DATASETS, "RGBDSODDataset"),
        (TRANSFORMS, "LoadDepthFromFile"),
        (TRANSFORMS, "LoadSODMask"),
        (TRANSFORMS, "StackDepth"),
        (TRANSFORMS, "RandomBorderCrop"),
        (MODELS, "RGBDDataPreProcessor"),
        (METRICS, "SODMetric"),
    ],
)
def test_names_are_registered(registry, name):
    assert registry.get(name).__module__.startswith(mmseg_mm.__name__)


def test_the_stub_is_not_taken_for_the_full_mmcv(monkeypatch):
    monkeypatch.delitem(sys.modules, OPERATORS)
    if find_spec(OPERATORS) is not None:
        pytest.skip("the full mmcv is installed")
    provide_operators()
    assert not mmcv_full_available()
    with pytest.raises(NotImplementedError, match="mmcv._ext.nms "):
        sys.modules[OPERATORS].nms(1, 2)


def test_real_operators_are_left_alone(monkeypatch):
    monkeypatch.delitem(sys.modules, OPERATORS)
    monkeypatch.setattr("mmseg_mm.compat.find_spec", lambda name: ModuleSpec(name, object()))
    provide_operators()
    assert OPERATORS not in sys.modules


def test_a_message_is_logged_once():
    logged = []
    log = once(lambda *message, **_: logged.append(message))
    for name in ("A", "A", "B", "A"):
        log(f"Using env variable `{name}`", logger="current")
    assert logged == [("Using env variable `A`",), ("Using env variable `B`",)]
