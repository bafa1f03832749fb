"""The reference of `bccd.py`: torchvision's SSDlite from scratch, for a given number of CPU seconds.

As the library's own reference trains it, but for the budget: SGD with momentum, a cosine to zero, flips. It
is judged once, at the end, on what it is given as validation.
"""

import math
import time
from typing import Literal

import cv2
import numpy as np
import torch
from atelier_run import Model, Run, Sample
from faster_coco_eval import COCO, COCOeval_faster
from msgspec import Struct
from torchvision.models.detection import fcos_resnet50_fpn, ssdlite320_mobilenet_v3_large


class Params(Struct, frozen=True):
    """What is trained, and for how long."""

    seconds: float
    network: Literal["ssdlite", "fcos"] = "ssdlite"
    batch: int = 8


def train(run: Run, params: Params) -> Model:
    """Train until the seconds are used up, then measure."""
    make = {"ssdlite": ssdlite320_mobilenet_v3_large, "fcos": fcos_resnet50_fpn}[params.network]
    size = {} if params.network == "ssdlite" else {"min_size": 240, "max_size": 320}
    model = make(weights=None, weights_backbone=None, num_classes=len(run.classes) + 1, **size)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-4)
    examples = [prepared(sample) for sample in run.snapshot.train]
    began_s = time.process_time()
    for _ in run.epochs(10_000, model=model, optimizer=optimizer):
        model.train()
        for numbers in run.batches(range(len(examples)), params.batch):
            done = (time.process_time() - began_s) / params.seconds
            if done >= 1:
                run.stop_early()
                break
            warm = min(1.0, (run.step + 1) / 50)
            for group in optimizer.param_groups:
                group["lr"] = 0.02 * warm * 0.5 * (1 + math.cos(math.pi * done))
            views = [flipped(*examples[n], run.random(n + 2)) for n in numbers]
            losses = model([picture for picture, _ in views], [told for _, told in views])
            loss = sum(losses.values())
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
            optimizer.step()
            run.log(loss=loss)
    map50 = measured(model.eval(), list(run.snapshot.validation))
    run.say(f"{params.network}: {run.step} steps of {params.batch}, mAP@0.5 {map50:.4f}")
    run.log(map50=map50)
    return run.save(Model({"model.json": b"{}"}, {"map50": map50}))


def prepared(sample: Sample) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Picture (3, H, W) 0 to 1 at 320 pixels wide, boxes and labels counted from 1."""
    picture = cv2.imdecode(np.frombuffer(sample.data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    scale = 320 / max(picture.shape[:2])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    boxes = torch.tensor(sample.shapes, dtype=torch.float32).reshape(-1, 4) * scale
    told = {"boxes": boxes, "labels": torch.tensor(sample.classes, dtype=torch.long).reshape(-1) + 1}
    return torch.from_numpy(np.ascontiguousarray(small)).permute(2, 0, 1).float() / 255, told


def flipped(
    picture: torch.Tensor, told: dict[str, torch.Tensor], random: np.random.Generator
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Mirrored at random, both ways: blood cells allow it."""
    boxes = told["boxes"].clone()
    if random.random() < 0.5:
        picture, boxes[:, [0, 2]] = picture.flip(2), picture.shape[2] - boxes[:, [2, 0]]
    if random.random() < 0.5:
        picture, boxes[:, [1, 3]] = picture.flip(1), picture.shape[1] - boxes[:, [3, 1]]
    return picture, {"boxes": boxes, "labels": told["labels"]}


@torch.no_grad()
def measured(model: torch.nn.Module, samples: list[Sample]) -> float:
    """COCO's average precision at IoU 0.5, meaned over classes."""
    images, labels, results = [], [], []
    for number, sample in enumerate(samples):
        picture, told = prepared(sample)
        images.append({"id": number, "width": picture.shape[2], "height": picture.shape[1]})
        for (x0, y0, x1, y1), name in zip(told["boxes"].tolist(), told["labels"].tolist(), strict=True):
            box = {"bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0), "iscrowd": 0}
            labels.append({"id": len(labels) + 1, "image_id": number, "category_id": name, **box})
        found = model([picture])[0]
        for (x0, y0, x1, y1), name, score in zip(
            found["boxes"].tolist(), found["labels"].tolist(), found["scores"].tolist(), strict=True
        ):
            box = {"bbox": [x0, y0, x1 - x0, y1 - y0], "score": score}
            results.append({"image_id": number, "category_id": name, **box})
    if not results:
        return 0.0
    kinds = [{"id": name, "name": str(name)} for name in sorted({each["category_id"] for each in labels})]
    truth = COCO({"images": images, "annotations": labels, "categories": kinds})
    judge = COCOeval_faster(truth, truth.loadRes(results), "bbox", print_function=lambda *_: None)
    judge.evaluate()
    judge.accumulate()
    precision = judge.eval["precision"][0, :, :, 0, -1]
    return float(np.mean([column.mean() for column in precision.T if (column > -1).all()]))
