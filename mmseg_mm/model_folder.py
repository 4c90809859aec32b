"""Config of a trained network in a folder to be given to others: plain data, of which nothing is executed."""

import os
import pprint
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from mmengine.config import Config
from mmengine.utils import import_modules_from_strings
from mmseg.registry import DATASETS, MODELS, TRANSFORMS

from fastreid_mm.common.errors import InputError, first_line, listed
from fastreid_mm.common.model_folder import CONFIG, find_model_folder
from fastreid_mm.common.plain_yaml import read_plain_yaml
from fastreid_mm.common.shipped_configs import find_config
from mmseg_mm.engine.data_root import DATA_ROOT

BASE = "SOD/mutualformer_r50_352x352.py"
"""Shipped config from which everything is taken that a folder does not decide: hooks, metrics, files to write."""
IMPORTS = "custom_imports.imports"
"""Key of the modules from outside that a network needs."""
READ = ("model", "test_dataloader", "tta_pipeline")
"""Sections of a folder's config that are used; of the second, its ``dataset``."""
TOLD = ("train_dataloader", "train_cfg", "optim_wrapper", "param_scheduler", "randomness")
"""Sections that say how the network was trained, and are only read by people."""
OF_A_PLACE = frozenset({"init_cfg", "pretrained", "vit", "backend_args", "metainfo"})
"""Keys, at any depth, of files and services of a machine, which a folder does not decide."""
OF_TRAINING = frozenset({"loss_decode", "loss_regularization", "auxiliary_head", "train_cfg"})
"""Keys of a model that change nothing of what it predicts, and are not used. Losses of mmsegmentation read files."""
PATHS = ("data_root", "ann_file", "img_path", "depth_path", "thermal_path", "seg_map_path")
"""Keys of paths, all of which must be below the folder of the data."""
KNOWN_TYPES = frozenset(
    {
        *("MutualFormerSegmentor", "MutualFormerHead", "RGBDDataPreProcessor", "RGBTDataPreProcessor"),
        *("ResNet", "ResNetV1c", "ResNetV1d", "ResNeXt", "ResNeSt", "HRNet", "MobileNetV2", "MobileNetV3"),
        *("SwinTransformer", "MixVisionTransformer", "MSCAN", "PCPVT", "SVT"),
        *("BN", "BN2d", "SyncBN", "GN", "LN", "IN", "Conv", "Conv2d"),
        *("ReLU", "ReLU6", "LeakyReLU", "PReLU", "GELU", "Swish", "HSwish", "HSigmoid", "Sigmoid", "Tanh"),
        *("RGBDSODDataset", "RGBTSODDataset"),
        *("LoadImageFromFile", "LoadDepthFromFile", "LoadThermalFromFile", "LoadSODMask", "StackDepth", "StackThermal"),
        *("Resize", "Pad", "RandomFlip", "TestTimeAug", "PackSegInputs"),
    }
)
"""Values of ``type`` that are built. mmengine imports and calls whatever else the text names, ``os.system`` too."""


def shared_config(config: Config) -> dict[str, Any]:
    """Take from the config of a training what its folder says, without files and services of this machine.

    Data sets are relative to the folder that holds all of them, for which ``SOD_DATASETS`` stands where it is read.

    Raises:
        InputError: the config has no test set, or holds something other than plain data.
    """
    content = config.to_dict()
    missing = [key for key in READ[:2] if not content.get(key)]
    if missing:
        raise InputError(f"the config of the training has no {listed(missing)}, which the folder needs")
    sections = {key: _without(content[key], OF_A_PLACE) for key in (*READ, *TOLD) if content.get(key) is not None}
    _make_relative(sections)
    imports = [name for name in _imports(content) if name.partition(".")[0] != "mmseg_mm"]
    return {**sections, "custom_imports": {"imports": imports}} if imports else sections


def config_of_folder(name: str | os.PathLike, imports: Sequence[str] = ()) -> Config:
    """Make the config of a folder's network, which can predict, test and be exported, not train.

    Args:
        name: path of the folder, or its name on the hub, see :func:`find_model_folder`.
        imports: modules from outside that may be imported.

    Raises:
        InputError: the folder cannot be used; names a ``type`` that is not one of :data:`KNOWN_TYPES` nor of the
            modules, a path outside of the data's folder, or modules that the network needs and ``imports`` lacks.
    """
    path = find_model_folder(name) / CONFIG
    content = read_plain_yaml(path)
    missing = [key for key in READ[:2] if not isinstance(content.get(key), Mapping)]
    if missing:
        raise InputError(f"{path} is of no saliency network: it has no {listed(missing)}")
    needed = _imports(content)
    if set(needed) - set(imports):
        raise InputError(f'{path}: it needs code from outside; if you trust it: {IMPORTS}="{needed}"')
    try:
        import_modules_from_strings(needed)
    except Exception as error:  # a module is somebody's program
        raise InputError(f"{path}: {IMPORTS}: {first_line(error)}") from None
    dataset = content["test_dataloader"].get("dataset")
    sections = {"model": content["model"], "dataset": dataset, "tta_pipeline": content.get("tta_pipeline")}
    sections = {key: _without(section, OF_A_PLACE | OF_TRAINING) for key, section in sections.items()}
    for key, section in sections.items():
        _require_plain(section, key, path, needed)
    if not isinstance(dataset, Mapping) or not content["model"].get("type"):
        raise InputError(f"{path} is of no saliency network: it has no test_dataloader.dataset or no model.type")
    config = Config.fromfile(find_config(BASE, "mmseg_mm"))
    config.model, config.tta_pipeline = sections["model"], sections["tta_pipeline"]
    root = Path(os.environ.get(DATA_ROOT, "data/SOD"), dataset.get("data_root") or "")
    config.test_dataloader.dataset = {**sections["dataset"], "data_root": str(root), "test_mode": True}
    config.custom_imports.imports = ["mmseg_mm", *needed]
    for part in ("train", "val"):
        config[f"{part}_dataloader"] = config[f"{part}_cfg"] = None
    config.optim_wrapper = config.param_scheduler = config.val_evaluator = None
    return config


@contextmanager
def config_file(name: str | os.PathLike, options: Mapping[str, object] | None) -> Iterator[Path]:
    """Keep the config of a folder's network in a file for mmsegmentation's scripts: a literal for each key.

    Args:
        name: the folder, after which the file is called.
        options: those of the script, of which modules from outside are read.
    """
    config = config_of_folder(name, given_imports(options))
    with TemporaryDirectory() as place:
        path = Path(place) / f"{Path(name).name or Path(name).resolve().name}.py"
        lines = [f"{key} = {pprint.pformat(value)}\n" for key, value in config.to_dict().items()]
        path.write_text("".join(lines), encoding="utf-8")
        yield path


def given_imports(options: Mapping[str, object] | None) -> list[str]:
    """List the modules from outside that options name: one, or several."""
    given = (options or {}).get(IMPORTS, ())
    return [given] if isinstance(given, str) else [*map(str, given)] if isinstance(given, list | tuple) else []


def _imports(content: Mapping) -> list[str]:
    section = content.get("custom_imports") or {}
    imports = section.get("imports", []) if isinstance(section, Mapping) else [section]
    names = [imports] if isinstance(imports, str) else list(imports)
    if not all(isinstance(name, str) for name in names):
        raise InputError(f"{IMPORTS} {names!r} are no names of modules")
    return names


def _without(value: Any, keys: frozenset[str]) -> Any:
    """Copy a section without the keys, at any depth."""
    if isinstance(value, Mapping):
        return {key: _without(one, keys) for key, one in value.items() if key not in keys}
    return type(value)(_without(one, keys) for one in value) if isinstance(value, list | tuple) else value


def _require_plain(value: object, place: str, path: Path, imports: Sequence[str]) -> None:
    """Refuse whatever makes a config do more than describe a network and its data."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            if not isinstance(key, str) or key.startswith("_"):
                raise InputError(f"{path}: {place} has the key {key!r}, which no network has")
            if key == "type" and not _is_known(one, imports):
                raise InputError(f"{path}: {place}.type {one!r} is none that a folder may name")
            if key in PATHS and not _is_below(one):
                raise InputError(f"{path}: {place}.{key} {one!r} is not below the folder of the data")
            _require_plain(one, f"{place}.{key}", path, imports)
    elif isinstance(value, list | tuple):
        for index, one in enumerate(value):
            _require_plain(one, f"{place}.{index}", path, imports)
    elif not _is_plain(value):
        raise InputError(f"{path}: {place} {value!r} is no plain value")


def _is_plain(value: object) -> bool:
    """Tell whether a value is a literal, without the braces in which mmengine puts something else."""
    if isinstance(value, float):
        return isfinite(value)
    return "{{" not in value if isinstance(value, str) else isinstance(value, bool | int | None)


def _is_known(name: object, imports: Sequence[str]) -> bool:
    """Tell whether a type is known, or registered by one of the modules from outside."""
    if not isinstance(name, str):
        return False
    classes = [registry.module_dict.get(name) for registry in (MODELS, TRANSFORMS, DATASETS)]
    theirs = {one.__module__.partition(".")[0] for one in classes if one is not None}
    return name in KNOWN_TYPES or bool(theirs & {module.partition(".")[0] for module in imports})


def _is_below(path: object) -> bool:
    return isinstance(path, str) and not PurePosixPath(path).is_absolute() and ".." not in PurePosixPath(path).parts


def _make_relative(sections: Mapping) -> None:
    """Make the roots of all data sets relative to the folder that holds them all, in place."""
    datasets = list(_with_root(sections))
    roots = [os.path.normpath(dataset["data_root"]) for dataset in datasets]
    try:
        common = os.path.commonpath(roots)
    except ValueError:  # none, or absolute ones and others
        common = ""
    for dataset, root in zip(datasets, roots):
        dataset["data_root"] = os.path.relpath(root, common) if common else Path(root).name


def _with_root(value: object) -> Iterator[dict]:
    """Yield the outermost mappings that have a root of data."""
    if isinstance(value, dict):
        if isinstance(value.get("data_root"), str):
            yield value
        else:
            for one in value.values():
                yield from _with_root(one)
