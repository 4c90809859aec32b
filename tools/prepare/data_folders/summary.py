"""What a finished data set holds, in a few lines."""

from collections import Counter
from pathlib import Path

from fastreid_mm.evaluation.sysu_splits import read_ids


def summarize_sysu(root: str | Path) -> str:
    """Identities and images of each camera and split of a folder in SYSU-MM01's layout."""
    root = Path(root)
    cameras = {folder.name: len(list(folder.glob("*/*.jpg"))) for folder in sorted(root.glob("cam?"))}
    identities = [f"{name} {len(read_ids(root / 'exp', f'{name}_id'))}" for name in ("train", "val", "test")]
    total = len(read_ids(root / "exp", "available_id"))
    return "\n".join(
        [
            f"{root}: {total} identities ({', '.join(identities)}), {sum(cameras.values())} images",
            f"  {', '.join(f'{name} {count}' for name, count in cameras.items())}",
        ]
    )


def summarize_aligned(root: str | Path) -> str:
    """Identities and files of each folder of a data set whose file names begin with the identity."""
    root = Path(root)
    paths = sorted(root.rglob("*.jpg"))
    counts = Counter(path.parent.relative_to(root).as_posix() for path in paths)
    identities = {path.name.split("_")[0] for path in paths}
    return "\n".join(
        [
            f"{root}: {len(identities)} identities, {len(paths)} files",
            f"  {', '.join(f'{name} {count}' for name, count in counts.items())}",
        ]
    )


def summarize_regdb(root: str | Path) -> str:
    """Identities and images of each modality of a folder in RegDB's layout."""
    root = Path(root)
    counts = {name: len(list(root.glob(f"{name}/*/*.bmp"))) for name in ("Visible", "Thermal")}
    identities = len(list(root.glob("Visible/*")))
    return f"{root}: {identities} identities, " + ", ".join(f"{n} {name} images" for name, n in counts.items())
