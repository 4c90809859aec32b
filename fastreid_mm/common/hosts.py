"""What the commands of each host, and those of an extra, need, by the names that are imported."""

from fastreid_mm.common.errors import require_packages

FASTREID = (
    "fastreid",
    "torchvision",
    "scipy",
    "tabulate",
    "yacs",
    "termcolor",
    "sklearn",
    "faiss",
    "tensorboard",
    "timm",
    "huggingface_hub",
    "safetensors",
    "tqdm",
    "PIL",
)
MMSEG = (
    "mmengine",
    "mmcv",
    "mmseg",
    "ftfy",
    "regex",
    "cv2",
    "scipy",
    "skimage",
    "sklearn",
    "py_sod_metrics",
    "PIL",
    "tqdm",
)
VISUALIZE = ("matplotlib", "ttach", "sklearn", "cv2", "pytorch_grad_cam")


def require_fastreid() -> None:
    """Raise :class:`InputError` unless fast-reid and all it needs are installed."""
    require_packages("fastreid", *FASTREID)


def require_mmseg() -> None:
    """Raise :class:`InputError` unless mmsegmentation and all it needs are installed."""
    require_packages("mmseg", *MMSEG)


def require_visualize() -> None:
    """Raise :class:`InputError` unless all that pictures need besides fast-reid is installed."""
    require_packages("visualize", *VISUALIZE)
