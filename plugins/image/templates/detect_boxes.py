"""A box detector that is trained from scratch in minutes on two processor cores: read it from top to bottom.

A small convolutional network looks at the whole picture once and says, for every cell of a grid of 4 x 4
pixels, how much it looks like the centre of an object of each class, and how far the object's four sides are
from there. Centres are taught as Gaussian bumps as wide as the object (Liu et al., "Training-Time-Friendly
Network for Real-Time Object Detection", 2020), so that each object teaches several cells and few passes are
needed. What is reported is the averaged network, with what was chosen on validation.
"""

import copy
import json
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
import onnxruntime
import torch
from atelier_run import Found, Model, Refused, Run, Sample
from atelier_run import picture as decode  # what a closed environment shows the model
from faster_coco_eval import COCO, COCOeval_faster
from msgspec import Meta, Struct
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional as F

STRIDE = 4  # pixels of the network's picture to a cell
PAD = 127  # grey around a picture of another shape; it is 0 for the network, as is what lies beyond its edge
LOWEST = 0.01  # scores below it are never reported
LIMIT = 100  # boxes a picture
SMALL, WHOLE = 0.4, 0.7  # shares of the steps after which pictures are no longer small, and whole
OVERLAPS = (0.45, 0.5, 0.55, 0.6, 0.65)  # to choose from
HELD_BYTES = 2 * 1024**3  # of small decoded pictures kept in memory; more than that are decoded each time


class Params(Struct, frozen=True, forbid_unknown_fields=True):
    """The GUI's form, the CLI's flags and the run's record come from this."""

    epochs: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="Passes over the pictures. More helps while the validation curve still rises; it "
            "stops by itself where that has long been flat.",
        ),
    ] = 48
    picture_side: Annotated[
        int,
        Meta(
            ge=64,
            le=1024,
            description="Longer side of the picture that the network sees, in pixels. Raise it where small "
            "objects are missed; twice the side takes four times as long.",
        ),
    ] = 320
    learning_rate: Annotated[
        float,
        Meta(
            gt=0,
            le=0.1,
            description="Largest step size of AdamW. Lower it where the loss leaps up and down.",
        ),
    ] = 2e-3
    batch: Annotated[
        int, Meta(ge=1, le=64, description="Pictures a step. Lower it where memory runs out.")
    ] = 8
    flips: Annotated[
        Literal["auto", "none", "horizontal", "both"],
        Meta(
            description="How pictures are mirrored while it learns. auto: only where the objects look the "
            "same mirrored; none: for writing, or where left and right tell classes apart."
        ),
    ] = "auto"
    shrink: Annotated[
        float,
        Meta(
            ge=0,
            le=0.8,
            description="Every second picture is shown smaller, by a random share of up to this, so that "
            "objects of other sizes are learned too. Raise it where sizes will vary more than in these "
            "pictures; 0 where the camera always stands equally far away.",
        ),
    ] = 0.2
    colour: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="How far brightness, contrast and tint are changed at random while it learns. Raise "
            "it where light or cameras will differ; lower it where the very colour tells classes apart.",
        ),
    ] = 0.2
    ask_mirrored: Annotated[
        bool,
        Meta(
            description="The finished model looks at each picture twice, as it is and mirrored, and joins "
            "both answers: a little surer, and twice as slow. It is done only where that scored higher on "
            "validation. Switch it off where the answer has to come fast."
        ),
    ] = True
    patience: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="Looks at validation without a better result before it stops. Raise it where the "
            "curve climbs in steps.",
        ),
    ] = 5


def train(run: Run, params: Params) -> Model:
    """Learn from the snapshot's training part; everything is chosen on its validation part."""
    data = run.snapshot
    size = network_size(data.train, params.picture_side)
    pictures, held_out = Pictures(data.train, size), Pictures(data.validation, size)
    mirrors = allowed_mirrors(pictures, params.flips)
    run.say(
        f"{len(data.train)} pictures to learn from, {len(data.validation)} to validate on, "
        f"{len(run.classes)} classes, {size[0]} x {size[1]} pixels, mirrored: {', '.join(mirrors) or 'never'}"
    )
    model = Detector(len(run.classes), size).to(run.device, memory_format=torch.channels_last)
    average, best = Average(model), Best()
    optimizer = torch.optim.AdamW(weights_and_biases(model), lr=params.learning_rate)
    steps = params.epochs * math.ceil(len(pictures) / params.batch)
    look_every = max(1, params.epochs // 20)
    for epoch in run.epochs(params.epochs, model=model, optimizer=optimizer, average=average, best=best):
        model.train()
        for numbers in run.batches(range(len(pictures)), params.batch):
            random = run.random()
            shown = shown_size(size, run.step / steps, random)
            views = [augmented(pictures[n], shown, random, mirrors, params) for n in numbers]
            batch = collate(views, run.device)
            for group in optimizer.param_groups:
                group["lr"] = params.learning_rate * pace(run.step, steps)
            centre_loss, box_loss = losses(model(batch.pictures), cells_of(shown), batch)
            optimizer.zero_grad()
            (centre_loss + 5.0 * box_loss).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 10.0)
            optimizer.step()
            average.follow(model, run.step)
            run.log(centre_loss=centre_loss, box_loss=box_loss)
        done = (epoch + 1) / params.epochs
        if (done > SMALL and (epoch + 1) % look_every == 0) or epoch + 1 == params.epochs:
            found = Torch(average.model).answers(held_out)
            map50 = mean_average_precision([decoded(*each, overlap=0.6) for each in found], held_out)
            run.log(map50=map50)
            if best.is_better(map50, average.model):
                continue
            if done > WHOLE and best.looks_since >= params.patience:
                run.say(
                    f"Nothing was gained in {params.patience} looks at validation: epoch {epoch + 1} ends it."
                )
                run.stop_early()
    best.give_to(average.model)
    return run.save(finished(run, average.model, held_out, params.ask_mirrored and "horizontal" in mirrors))


def load(folder: Path) -> "Predictor":
    """The model in `folder`, ready to predict, as PyTorch computes it."""
    told = json.loads((folder / "model.json").read_text())
    model = Detector(len(told["classes"]), (told["width"], told["height"]), mirrored=told["flip"])
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return Predictor(Torch(model.to(memory_format=torch.channels_last)), told)


class Predictor:
    """Finds boxes in pictures of any size."""

    def __init__(self, network: "Torch", told: dict[str, Any]) -> None:
        self.classes = tuple(told["classes"])
        self._network, self._told = network, told

    def predict(self, pictures: Sequence[np.ndarray]) -> list[list[Found]]:
        """For each picture ((H, W, 3) uint8 RGB): what was found, best first, in its own pixels."""
        answers = []
        for picture in pictures:
            small, scale = fitted(picture, (self._told["width"], self._told["height"]))
            scores, boxes = self._network.answer(small)
            classes, sure, xyxy = decoded(scores, boxes, self._told["overlap"], self._told["limit"])
            height, width = picture.shape[:2]
            xyxy = (xyxy / scale).clip(0, [width, height, width, height])
            answers.append(
                [
                    Found(self.classes[c], float(s), tuple(map(float, box)))
                    for c, s, box in zip(classes, sure, xyxy, strict=True)
                    if box[2] > box[0] and box[3] > box[1]
                ]
            )
        return answers


class Detector(nn.Module):
    """Picture in; for each cell the logits of the classes and a box out. About one million weights."""

    def __init__(self, classes: int, size: tuple[int, int], mirrored: bool = False) -> None:
        super().__init__()
        self.size, self.mirrored = size, mirrored
        self.quarter = nn.Sequential(block(3, 16, stride=2), block(16, 32, stride=2), block(32, 32))
        self.eighth = nn.Sequential(block(32, 64, stride=2), Residual(64))
        self.sixteenth = nn.Sequential(block(64, 128, stride=2), Residual(128))
        self.thirtysecond = nn.Sequential(block(128, 128, stride=2), Residual(128))
        self.side16, self.side8, self.side4 = block(128, 64, 1), block(64, 64, 1), block(32, 32, 1)
        self.top, self.narrow = block(128, 64, 1), block(64, 32, 1)
        self.join16, self.join8, self.join4 = block(64, 64), block(64, 64), block(32, 32)
        self.centre, self.sides = nn.Conv2d(32, classes, 1), nn.Conv2d(32, 4, 1)
        nn.init.normal_(self.centre.weight, std=0.01)
        nn.init.normal_(self.sides.weight, std=0.01)
        nn.init.constant_(self.centre.bias, -4.0)  # almost no cell is a centre: begin by saying so
        nn.init.constant_(self.sides.bias, 2.0)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """(N, H, W, 3) uint8 RGB -> logits (N, cells, classes) and boxes (N, cells, 4) in its pixels."""
        x = (pictures.permute(0, 3, 1, 2).float() - PAD) / 64
        x = x.contiguous(memory_format=torch.channels_last)
        if not self.training and self.mirrored:
            return self._both_ways(x)
        return self._once(x)

    def _once(self, x: Tensor) -> tuple[Tensor, Tensor]:
        quarter = self.quarter(x)
        eighth = self.eighth(quarter)
        sixteenth = self.sixteenth(eighth)
        wide = self.join16(self.side16(sixteenth) + grown(self.top(self.thirtysecond(sixteenth)), sixteenth))
        wide = self.join8(self.side8(eighth) + grown(wide, eighth))
        wide = self.join4(self.side4(quarter) + grown(self.narrow(wide), quarter))
        logits = self.centre(wide).flatten(2).transpose(1, 2)
        sides = F.softplus(self.sides(wide).flatten(2).transpose(1, 2)) * 8
        middle = (cells_of((x.shape[3], x.shape[2])).to(x.device) + 0.5) * STRIDE
        return logits, torch.cat([middle - sides[..., :2], middle + sides[..., 2:]], -1)

    def _both_ways(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The mean of what is seen in the picture and in its mirror image."""
        columns, rows = self.size[0] // STRIDE, self.size[1] // STRIDE
        logits, boxes = self._once(x)
        other_logits, other = self._once(x.flip(3))
        other_logits = other_logits.unflatten(1, (rows, columns)).flip(2).flatten(1, 2)
        other = other.unflatten(1, (rows, columns)).flip(2).flatten(1, 2)
        left, top, right, bottom = other.unbind(-1)
        other = torch.stack([self.size[0] - right, top, self.size[0] - left, bottom], -1)
        mean = (logits.sigmoid() + other_logits.sigmoid()) / 2
        return torch.logit(mean.clamp(1e-6, 1 - 1e-6)), (boxes + other) / 2


class Residual(nn.Module):
    """Two convolutions beside the identity, which is all that it is at first."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = block(channels, channels)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels, momentum=0.05)
        nn.init.zeros_(self.norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.norm(self.second(self.first(x))), inplace=True)


def block(before: int, after: int, kernel: int = 3, stride: int = 1) -> nn.Module:
    """Convolution, normalisation, rectifier. Plain ones: on a processor they beat depthwise ones tenfold."""
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(after, momentum=0.05),
        nn.ReLU(inplace=True),
    )


def cells_of(size: tuple[int, int]) -> Tensor:
    """(cells, 2): column and row of each cell of a picture of this width and height, row by row."""
    y, x = torch.meshgrid(torch.arange(size[1] // STRIDE), torch.arange(size[0] // STRIDE), indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], -1).float()


def grown(x: Tensor, like: Tensor) -> Tensor:
    """`x` at the size of `like`."""
    return F.interpolate(x, size=like.shape[-2:])


class Batch(Struct):
    """Pictures and what is in them. `real` is false where a picture has fewer boxes than the fullest one."""

    pictures: Tensor  # (N, H, W, 3) uint8
    boxes: Tensor  # (N, M, 4)
    classes: Tensor  # (N, M) int64
    real: Tensor  # (N, M) bool
    weights: Tensor | None = None  # (N, M): what each box counts; None: all of them fully


def losses(answer: tuple[Tensor, Tensor], cells: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """How wrong the centres are (focal loss), and the boxes (generalised IoU): means over objects.

    An object of less weight pulls less, and so does the background where it lies: one of no weight is as if
    nothing were known of its place.
    """
    logits, boxes = answer
    with torch.no_grad():
        bumps = gaussians(cells, batch)  # (N, M, cells)
        number = batch.classes.unsqueeze(-1).expand_as(bumps)
        wanted = torch.zeros(len(bumps), logits.shape[2], len(cells), device=logits.device)
        wanted = wanted.scatter_reduce_(1, number, bumps, "amax").transpose(1, 2)
        is_centre = wanted > 0.9999
        objects = (
            (batch.real if batch.weights is None else batch.real & (batch.weights > 0)).sum().clamp(min=1)
        )
        height, owner = bumps.max(1)  # a cell teaches the box whose bump is highest there
        share = height * (height > 0.05)
        total = torch.zeros(bumps.shape[:2], device=logits.device).scatter_add_(1, owner, share)
        share = share / total.gather(1, owner).clamp(min=1e-6)
        target = batch.boxes.gather(1, owner.unsqueeze(-1).expand(-1, -1, 4))
        sure = logits.sigmoid()
        taught = share > 0
    easy = F.logsigmoid(-logits) * sure**2 * (1 - wanted) ** 4
    centres = torch.where(is_centre, F.logsigmoid(logits) * (1 - sure) ** 2, easy)
    sides = (1 - generalised_iou(boxes[taught], target[taught])) * share[taught]
    if batch.weights is not None:
        counts = torch.where(height > 0, batch.weights.gather(1, owner), 1.0)  # (N, cells)
        centres, sides = centres * counts.unsqueeze(-1), sides * counts[taught]
    return -centres.sum() / objects, sides.sum() / objects


def gaussians(cells: Tensor, batch: Batch) -> Tensor:
    """(N, M, cells): for each box a bump, 1 at its centre's cell and as wide as the box; 0 for none."""
    middle = (batch.boxes[..., :2] + batch.boxes[..., 2:]) / 2
    last = cells.amax(0)
    centre = (middle / STRIDE).floor().clamp(min=0).minimum(last).unsqueeze(2)
    width = (0.18 * (batch.boxes[..., 2:] - batch.boxes[..., :2]) / STRIDE).clamp(min=1) / 2
    distance = ((cells - centre) / width.unsqueeze(2)).square().sum(-1)
    bumps = torch.exp(-distance / 2) * batch.real.unsqueeze(-1)
    return torch.where(bumps < 0.01, 0.0, bumps)


def generalised_iou(a: Tensor, b: Tensor) -> Tensor:
    """Rezatofighi et al. 2019: IoU less the share of the common hull that neither covers. (..., 4) each."""
    inner = (
        (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)
    )
    area_a, area_b = ((each[..., 2:] - each[..., :2]).clamp(min=0).prod(-1) for each in (a, b))
    union = area_a + area_b - inner + 1e-7
    hull = (torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])).prod(-1) + 1e-7
    return inner / union - (hull - union) / hull


def weights_and_biases(model: nn.Module) -> list[dict[str, Any]]:
    """Weights shrink by themselves, biases and normalisations do not."""
    weights = [each for each in model.parameters() if each.ndim > 1]
    rest = [each for each in model.parameters() if each.ndim <= 1]
    return [{"params": weights, "weight_decay": 0.02}, {"params": rest, "weight_decay": 0.0}]


def shown_size(size: tuple[int, int], done: float, random: np.random.Generator) -> tuple[int, int]:
    """How large a batch is shown: small pictures first, which cost half, and the whole size in the end.

    So the same time teaches more, and objects come in many sizes without a picture being cut.
    """
    low, high = (0.5, 0.75) if done < SMALL else (0.75, 1.0) if done < WHOLE else (1.0, 1.0)
    share = random.uniform(low, high)
    return tuple(max(32, round(side * share / 16) * 16) for side in size)


def pace(step: int, steps: int) -> float:
    """Share of the learning rate: 60 steps (or a tenth) to warm up, then down along a cosine."""
    warm = min(1.0, (step + 1) / min(60, max(1, steps // 10)))
    return warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))


class Average:
    """The mean of the network over its last hundred steps or so: better than the network itself."""

    def __init__(self, model: Detector) -> None:
        self.model = copy.deepcopy(model).eval()

    def follow(self, model: Detector, step: int) -> None:
        """Move a little towards `model`."""
        old, new = (
            [each for each in net.state_dict().values() if each.is_floating_point()]
            for net in (self.model, model)
        )
        torch._foreach_lerp_(old, new, 1 - min(0.99, (2 + step) / (11 + step)))

    def state_dict(self) -> dict[str, Any]:
        return self.model.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state)


class Best:
    """The network that was best on validation so far."""

    def __init__(self) -> None:
        self.map50, self.looks_since = -1.0, 0
        self.weights: dict[str, Tensor] = {}

    def is_better(self, map50: float, model: Detector) -> bool:
        """Whether this look was the best, which is then remembered."""
        if map50 > self.map50:
            self.map50, self.looks_since = map50, 0
            self.weights = {name: each.clone() for name, each in model.state_dict().items()}
            return True
        self.looks_since += 1
        return False

    def give_to(self, model: Detector) -> None:
        """Bring `model` back to where it was best."""
        model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        return {"map50": self.map50, "looks_since": self.looks_since, "weights": self.weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.map50, self.looks_since, self.weights = state["map50"], state["looks_since"], state["weights"]


class Example(Struct):
    """One picture at the network's size, with its boxes in that picture's pixels."""

    picture: np.ndarray  # (h, w, 3) uint8 RGB, no larger than the network's
    boxes: np.ndarray  # (M, 4) float32
    classes: np.ndarray  # (M,) int64
    scale: float  # its pixels per pixel of the full-size picture
    weights: np.ndarray | None = None  # (M,) float32: what each box counts; None: all of them fully

    def trusted(self) -> np.ndarray:
        """(M,) bool: the boxes that count at all."""
        return np.ones(len(self.boxes), bool) if self.weights is None else self.weights > 0


class Pictures:
    """Samples, decoded and made small once; those beyond the memory bound each time anew."""

    def __init__(self, samples: Sequence[Sample], size: tuple[int, int]) -> None:
        self.samples, self.size = samples, size
        self._held: dict[int, Example] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, number: int) -> Example:
        if number in self._held:
            return self._held[number]
        example = self._made(self.samples[number])
        if self._bytes + example.picture.nbytes < HELD_BYTES:
            self._held[number] = example
            self._bytes += example.picture.nbytes
        return example

    def _made(self, sample: Sample) -> Example:
        picture = decoded_picture(sample)
        scale = min(self.size[0] / picture.shape[1], self.size[1] / picture.shape[0])
        boxes = np.array(sample.shapes, np.float32).reshape(-1, 4) * scale
        classes = np.array(sample.classes, np.int64)
        edges = np.minimum(np.array(picture.shape[1::-1], np.float32) * scale, self.size)
        inside = boxes.clip(0, [*edges, *edges]).astype(np.float32)
        real = ((inside[:, 2:] - inside[:, :2]) > 0).all(1)  # nothing is learned from a box without an area
        weights = np.array(sample.weights, np.float32)[real] if sample.weights else None
        return Example(resized(picture, scale), inside[real], classes[real], scale, weights)


def decoded_picture(sample: Sample) -> np.ndarray:
    """(H, W, 3) uint8 RGB, as the pixels lie in the file. Raises Refused `run.bad_picture`."""
    picture = decode(sample.data)
    if picture is None:
        raise Refused(
            "run.bad_picture",
            f"The training was stopped: the picture {sample.name} cannot be decoded.",
            "Remove it from the snapshot, or import it anew.",
        )
    return picture


def network_size(samples: Sequence[Sample], side: int) -> tuple[int, int]:
    """(width, height) of the network's picture: `side`, the usual shape, whole cells of its coarse grid."""
    shapes = [decoded_picture(samples[n]).shape for n in range(0, len(samples), max(1, len(samples) // 20))]
    ratio = float(np.median([math.log(width / height) for height, width, _ in shapes]))
    width, height = side * min(1.0, math.exp(ratio)), side * min(1.0, math.exp(-ratio))
    return max(32, round(width / 16) * 16), max(32, round(height / 16) * 16)


def resized(picture: np.ndarray, scale: float) -> np.ndarray:
    """`picture` times `scale`, with every pixel counted when it becomes smaller."""
    height, width = picture.shape[:2]
    to = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.ascontiguousarray(cv2.resize(picture, to, interpolation=how))


def fitted(picture: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, float]:
    """The network's picture, `picture` in its upper left corner, and its pixels per pixel of `picture`."""
    scale = min(size[0] / picture.shape[1], size[1] / picture.shape[0])
    small = resized(picture, scale)[: size[1], : size[0]]
    whole = np.full((size[1], size[0], 3), PAD, np.uint8)
    whole[: small.shape[0], : small.shape[1]] = small
    return whole, scale


def augmented(
    example: Example,
    size: tuple[int, int],
    random: np.random.Generator,
    mirrors: Sequence[str],
    params: Params,
) -> Example:
    """Another view at the network's size: mirrored, smaller, elsewhere, in other colours.

    Never cut: where people leave the objects at a picture's edge unlabelled, a cut would teach otherwise.
    """
    shape = np.array(example.picture.shape[1::-1])
    whole = min(size / shape)
    scale = whole * (random.uniform(1 - params.shrink, 1) if random.random() < 0.5 else 1.0)
    flips = np.array([name in mirrors and random.random() < 0.5 for name in ("horizontal", "vertical")])
    linear = np.where(flips, -scale, scale)
    shift = np.where(flips, scale * shape, 0) + (np.array(size) - scale * shape).clip(0) * random.random(2)
    # OpenCV counts from the middle of the first pixel, we from its corner
    small = resized(example.picture, scale)
    linear_small = np.sign(linear)
    matrix = np.column_stack([np.diag(linear_small), shift + 0.5 * linear_small - 0.5])
    picture = cv2.warpAffine(small, matrix, size, borderValue=(PAD, PAD, PAD))
    gain = 1 + random.uniform(-params.colour, params.colour) + random.uniform(-0.5, 0.5, 3) * params.colour
    offset = random.uniform(-60, 60) * params.colour
    table = np.clip(np.arange(256)[:, None] * gain + offset, 0, 255).astype(np.uint8)
    picture = cv2.LUT(picture, table.reshape(256, 1, 3))
    ends = example.boxes.reshape(-1, 2, 2) * linear + shift
    boxes = np.concatenate([ends.min(1), ends.max(1)], 1).astype(np.float32)
    return Example(picture, boxes, example.classes, example.scale, example.weights)


def allowed_mirrors(pictures: Pictures, flips: str) -> tuple[str, ...]:
    """Which mirror images look like the real thing.

    `auto` compares each class's mean object with its mirror image: blood cells pass both ways, cars only left
    to right, digits not at all. A class of fewer than five objects decides nothing.
    """
    if flips != "auto":
        return {"none": (), "horizontal": ("horizontal",), "both": ("horizontal", "vertical")}[flips]
    crops: dict[int, list[np.ndarray]] = {}
    for number in range(min(len(pictures), 400)):
        example = pictures[number]
        grey = example.picture.mean(2)
        boxes, counts = example.boxes.round().astype(int), example.trusted()
        for (x0, y0, x1, y1), name, is_trusted in zip(boxes, example.classes, counts, strict=True):
            if is_trusted and x1 - x0 >= 3 and y1 - y0 >= 3:
                crop = cv2.resize(grey[y0:y1, x0:x1], (12, 12), interpolation=cv2.INTER_AREA)
                crops.setdefault(int(name), []).append((crop - crop.mean()) / (crop.std() + 1e-6))
    means = [np.mean(each, 0) for each in crops.values() if len(each) >= 5]
    allowed = []
    for name, axis in (("horizontal", 1), ("vertical", 0)):
        likeness = [float(np.corrcoef(mean.ravel(), np.flip(mean, axis).ravel())[0, 1]) for mean in means]
        if likeness and min(likeness) > 0.8:
            allowed.append(name)
    return tuple(allowed)


def collate(examples: Sequence[Example], device: torch.device) -> Batch:
    """Examples of the network's size, side by side."""
    most = max(1, *(len(each.boxes) for each in examples))
    pictures = torch.from_numpy(np.stack([each.picture for each in examples]))
    boxes, classes = torch.zeros(len(examples), most, 4), torch.zeros(len(examples), most, dtype=torch.long)
    real = torch.zeros(len(examples), most, dtype=torch.bool)
    for row, each in enumerate(examples):
        count = len(each.boxes)
        boxes[row, :count] = torch.from_numpy(each.boxes)
        classes[row, :count] = torch.from_numpy(each.classes)
        real[row, :count] = True
    parts = [pictures, boxes, classes, real]
    if any(each.weights is not None for each in examples):
        weights = torch.ones(len(examples), most)
        for row, each in enumerate(examples):
            if each.weights is not None:
                weights[row, : len(each.weights)] = torch.from_numpy(each.weights)
        parts.append(weights)
    return Batch(*(each.to(device) for each in parts))


class Torch:
    """A network that answers for one picture, as PyTorch computes it."""

    def __init__(self, model: Detector) -> None:
        self.model = model.eval()

    @torch.no_grad()
    def answer(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(H, W, 3) uint8 of the network's size -> scores (cells, classes), boxes (cells, 4)."""
        device = self.model.centre.weight.device
        logits, boxes = self.model(torch.from_numpy(picture).unsqueeze(0).to(device))
        return logits[0].sigmoid().cpu().numpy(), boxes[0].cpu().numpy()

    def answers(self, pictures: Pictures) -> list[tuple[np.ndarray, np.ndarray]]:
        """The answer for each of `pictures`; scores that can never be reported are dropped at once."""
        found = []
        for number in range(len(pictures)):
            scores, boxes = self.answer(padded(pictures[number].picture, pictures.size))
            likely = scores.max(1) > LOWEST
            found.append((scores[likely], boxes[likely]))
        return found


def padded(small: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture that was made small already, in the upper left corner of the network's."""
    whole = np.full((size[1], size[0], 3), PAD, np.uint8)
    small = small[: size[1], : size[0]]
    whole[: small.shape[0], : small.shape[1]] = small
    return whole


def decoded(
    scores: np.ndarray, boxes: np.ndarray, overlap: float, limit: int = LIMIT
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(classes, scores, boxes), best first: of boxes of one class that overlap more, the best stays."""
    cell, kind = np.nonzero(scores > LOWEST)
    sure = scores[cell, kind]
    order = np.argsort(-sure, kind="stable")[: 4 * limit]
    kind, sure, xyxy = kind[order], sure[order], boxes[cell[order]]
    area = (xyxy[:, 2] - xyxy[:, 0]) * (xyxy[:, 3] - xyxy[:, 1])
    left, kept = np.arange(len(sure)), []
    while len(left) and len(kept) < limit:
        first, left = left[0], left[1:]
        kept.append(first)
        inner = np.minimum(xyxy[first, 2:], xyxy[left, 2:]) - np.maximum(xyxy[first, :2], xyxy[left, :2])
        inner = inner.clip(0).prod(1)
        iou = inner / (area[first] + area[left] - inner + 1e-9)
        left = left[(iou <= overlap) | (kind[left] != kind[first])]
    return kind[kept], sure[kept], xyxy[kept]


def mean_average_precision(
    found: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], pictures: Pictures
) -> float:
    """COCO's average precision at IoU 0.5, meaned over the classes that are there; 0 without any box.

    Labels that count nothing are as COCO's crowds: finding them is neither right nor wrong.
    """
    images, labels, results = [], [], []
    for number, (classes, sure, boxes) in enumerate(found):
        example = pictures[number]
        images.append({"id": number, "width": pictures.size[0], "height": pictures.size[1]})
        counts = example.trusted().tolist()
        for name, (x0, y0, x1, y1), is_trusted in zip(
            example.classes, example.boxes.tolist(), counts, strict=True
        ):
            box = {"bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0)}
            box["iscrowd"] = int(not is_trusted)
            labels.append({"id": len(labels) + 1, "image_id": number, "category_id": int(name), **box})
        for name, score, (x0, y0, x1, y1) in zip(classes, sure, boxes.tolist(), strict=True):
            box = {"bbox": [x0, y0, x1 - x0, y1 - y0], "score": float(score)}
            results.append({"image_id": number, "category_id": int(name), **box})
    if not labels or not results:
        return 0.0
    kinds = [{"id": name, "name": str(name)} for name in sorted({each["category_id"] for each in labels})]
    truth = COCO({"images": images, "annotations": labels, "categories": kinds})
    judge = COCOeval_faster(truth, truth.loadRes(results), "bbox", print_function=lambda *_: None)
    judge.params.iouThrs = np.array([0.5])
    judge.evaluate()
    judge.accumulate()
    precision = judge.eval["precision"][0, :, :, 0, -1]
    return float(np.mean([column.mean() for column in precision.T if (column > -1).all()] or [0.0]))


def best_threshold(found: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], pictures: Pictures) -> float:
    """The score from which on precision and recall are best together (F1 at IoU 0.5)."""
    hits: list[tuple[float, bool]] = []
    labels = 0
    for number, (classes, sure, boxes) in enumerate(found):
        example = pictures[number]
        trusted = example.trusted()
        labels += int(trusted.sum())
        free = np.ones(len(example.boxes), bool)
        for name, score, box in zip(classes, sure, boxes, strict=True):
            inner = np.minimum(box[2:], example.boxes[:, 2:]) - np.maximum(box[:2], example.boxes[:, :2])
            inner = inner.clip(0).prod(1)
            areas = (example.boxes[:, 2:] - example.boxes[:, :2]).prod(1) + (box[2:] - box[:2]).prod()
            iou = np.where(free & (example.classes == name), inner / (areas - inner + 1e-9), 0.0)
            hit = len(iou) > 0 and float(iou.max()) >= 0.5
            if hit and not trusted[int(iou.argmax())]:
                continue
            if hit:
                free[int(iou.argmax())] = False
            hits.append((float(score), hit))
    if not labels or not any(hit for _, hit in hits):
        return 0.5
    hits.sort(key=lambda each: -each[0])
    right = np.cumsum([hit for _, hit in hits])
    f1 = 2 * right / (np.arange(1, len(hits) + 1) + labels)
    return hits[int(f1.argmax())][0]


def finished(run: Run, model: Detector, held_out: Pictures, mirrored: bool) -> Model:
    """The model's files, with what is chosen on validation: whether mirroring helps, overlap, threshold."""
    choices = []
    for flip in (False, True) if mirrored else (False,):
        model.mirrored = flip
        answers = Torch(model).answers(held_out)
        for overlap in OVERLAPS:
            found = [decoded(*each, overlap=overlap) for each in answers]
            choices.append((mean_average_precision(found, held_out), flip, overlap, found))
    map50, model.mirrored, overlap, found = max(choices, key=lambda choice: choice[0])
    threshold = best_threshold(found, held_out)
    told = {
        "kind": "box_detector",
        "classes": list(run.classes),
        "width": model.size[0],
        "height": model.size[1],
        "score": LOWEST,
        "threshold": round(threshold, 4),
        "overlap": overlap,
        "limit": LIMIT,
        "flip": model.mirrored,
    }
    graph = onnx_graph(model)
    check_same(model, graph, held_out)
    run.say(
        f"Validation: mAP@0.5 {map50:.3f}, best F1 from a score of {threshold:.2f}, overlap {overlap}, "
        f"{'both ways: a prediction takes twice the time' if model.mirrored else 'one way'}."
    )
    weights = {name: each.cpu().contiguous() for name, each in model.state_dict().items()}
    files = {
        "model.safetensors": save(weights),
        "model.onnx": graph,
        "model.json": json.dumps(told, indent=1).encode(),
    }
    return Model(files, {"map50": map50})


def onnx_graph(model: Detector, path: Path = Path("/tmp/model.onnx")) -> bytes:
    """The network as ONNX: `pictures` (N, H, W, 3) uint8 -> `scores` (N, cells, classes), `boxes`."""
    example = torch.zeros(1, model.size[1], model.size[0], 3, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the older exporter takes a fifth of a second, the newer ten
        torch.onnx.export(
            Scores(copy.deepcopy(model).cpu().eval()),
            (example,),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["pictures"],
            output_names=["scores", "boxes"],
            dynamic_axes={name: {0: "pictures"} for name in ("pictures", "scores", "boxes")},
        )
    return path.read_bytes()


class Scores(nn.Module):
    """The network with scores in place of logits."""

    def __init__(self, model: Detector) -> None:
        super().__init__()
        self.model = model

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        logits, boxes = self.model(pictures)
        return logits.sigmoid(), boxes


def check_same(model: Detector, graph: bytes, pictures: Pictures) -> None:
    """Raise Refused `run.onnx_differs` unless ONNX Runtime finds what PyTorch finds, on a few pictures."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    for number in range(min(4, len(pictures))):
        picture = padded(pictures[number].picture, pictures.size)
        scores, boxes = Torch(model).answer(picture)
        other_scores, other_boxes = session.run(None, {"pictures": picture[None]})
        if np.abs(scores - other_scores[0]).max() > 1e-3 or np.abs(boxes - other_boxes[0]).max() > 0.1:
            raise Refused(
                "run.onnx_differs",
                "No model was made: what would be deployed does not find what was trained.",
                "Report this with the run's log.",
            )
