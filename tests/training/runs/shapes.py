"""Pictures that can be learned from in seconds: bright discs and squares on noise, in Pascal VOC."""

from pathlib import Path

import cv2
import numpy as np


def shapes_folder(folder: Path, count: int, *, labelled: bool = True, size: int = 96) -> Path:
    """`count` pictures with up to three objects each; every sixth has none."""
    random = np.random.default_rng(7)
    (folder / "Annotations").mkdir(parents=True)
    (folder / "JPEGImages").mkdir()
    for number in range(count):
        picture = random.integers(0, 60, (size, size, 3), dtype=np.uint8)
        objects = []
        for _ in range(0 if number % 6 == 5 else 1 + number % 3):
            side = int(random.integers(16, 28))
            x, y = (int(each) for each in random.integers(0, size - side, 2))
            kind = "disc" if random.random() < 0.5 else "square"
            if kind == "disc":
                cv2.circle(picture, (x + side // 2, y + side // 2), side // 2, (40, 60, 250), -1)
            else:
                cv2.rectangle(picture, (x, y), (x + side, y + side), (40, 230, 60), -1)
            objects.append(
                f"<object><name>{kind}</name><bndbox><xmin>{x + 1}</xmin><ymin>{y + 1}</ymin>"
                f"<xmax>{x + side}</xmax><ymax>{y + side}</ymax></bndbox></object>"
            )
        name = f"shape_{number:03}"
        cv2.imwrite(str(folder / "JPEGImages" / f"{name}.png"), picture)
        (folder / "Annotations" / f"{name}.xml").write_text(
            f"<annotation><filename>{name}.png</filename><size><width>{size}</width><height>{size}</height>"
            f"<depth>3</depth></size>{''.join(objects) if labelled else ''}</annotation>"
        )
    return folder
