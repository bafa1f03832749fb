"""`python -m plugins.pointcloud.generator OUT --seed 1 --frames 20`: write a driving scene as a folder."""

import argparse
import sys
from pathlib import Path

from plugins.pointcloud.generator.rig import FAULTS
from plugins.pointcloud.generator.scene import generate
from plugins.pointcloud.generator.writing import write_scene
from studio.domain.errors import AtelierError


def main() -> int:
    """Exit code 0, or 2 where what was asked for cannot be made."""
    parser = argparse.ArgumentParser(prog="python -m plugins.pointcloud.generator", description=__doc__)
    parser.add_argument("out", type=Path, help="folder to write into")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--ego", choices=("straight", "turning", "still"), default="straight")
    parser.add_argument("--slope", type=float, default=0.0, help="steepest rise of the ground, 0.04 is 4 %%")
    parser.add_argument("--fault", choices=("", *FAULTS), default="", help="of the calibrations")
    parser.add_argument("--faulty", action="append", default=[], help="camera with the fault; else all")
    parser.add_argument("--no-pictures", action="store_true")
    parser.add_argument("--progress", action="store_true", help="a line for each frame: share, what is made")
    asked = parser.parse_args()
    try:
        scene = generate(
            asked.seed,
            frames=asked.frames,
            ego=asked.ego,
            slope=asked.slope,
            picture_size=None if asked.no_pictures else (640, 400),
            fault=asked.fault,
            faulty=asked.faulty,
            say=_say if asked.progress else lambda _share, _what: None,
        )
    except AtelierError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if asked.progress:
        _say(1.0, "The files of the drive")
    write_scene(scene, asked.out, f"drive_{asked.seed:04d}")
    if not asked.progress:
        sys.stdout.write(f"{len(scene.tracks)} tracks over {asked.frames} frames in {asked.out}\n")
    return 0


def _say(share: float, what: str) -> None:
    sys.stdout.write(f"{share:.3f} {what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
