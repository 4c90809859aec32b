"""What a finished data set holds, in a few lines."""

from pathlib import Path

from fastreid_mm.evaluation.sysu_splits import read_ids


def summarise_sysu(root: str | Path) -> str:
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


def summarise_regdb(root: str | Path) -> str:
    """Identities and images of each modality of a folder in RegDB's layout."""
    root = Path(root)
    counts = {name: len(list(root.glob(f"{name}/*/*.bmp"))) for name in ("Visible", "Thermal")}
    identities = len(list(root.glob("Visible/*")))
    return f"{root}: {identities} identities, " + ", ".join(f"{n} {name} images" for name, n in counts.items())
