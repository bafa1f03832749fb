"""A recipe that trains one small network twice in turn: as a run does it, and with PyTorch alone."""

import time

import torch
from atelier_run import Model, Run
from msgspec import Struct
from torch import nn
from torch.nn import functional as F

STEPS = 40


class Params(Struct, frozen=True):
    """How many times each loop is timed."""

    epochs: int = 9


def network() -> tuple[nn.Module, torch.optim.Optimizer]:
    """A convolutional network of a million weights, as large as the detector."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 128, 3, 4), nn.ReLU(), nn.Conv2d(128, 256, 3, 2), nn.ReLU()]
    layers += [
        nn.Conv2d(256, 256, 3, 2),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(256, 10),
    ]
    model = nn.Sequential(*layers)
    return model, torch.optim.AdamW(model.parameters(), lr=1e-4)


def step(model: nn.Module, optimizer: torch.optim.Optimizer, numbers: list[int]) -> torch.Tensor:
    """One step on made-up pictures."""
    pictures = torch.full((len(numbers), 3, 96, 96), float(numbers[0]) / STEPS)
    loss = F.cross_entropy(model(pictures), torch.tensor(numbers) % 10)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def train(run: Run, params: Params) -> Model:
    """Time both; the run's side holds its log, its checkpoint and its look at the descriptors."""
    ours, bare = network(), network()
    began_s, bare_s = time.process_time(), 0.0
    for epoch in run.epochs(params.epochs + 1, model=ours[0], optimizer=ours[1]):
        if epoch:  # from the start of the last epoch's loop to here: its checkpoint was made meanwhile
            run.log(ours=time.process_time() - began_s - bare_s)
        if epoch == params.epochs:
            break
        began_s = time.process_time()
        for number in range(STEPS):
            step(*bare, [number] * 8)
        bare_s = time.process_time() - began_s
        run.log(bare=bare_s)
        for numbers in run.batches(range(STEPS * 8), 8):
            run.log(loss=step(*ours, numbers))
    return run.save(Model({"model.json": b"{}"}))
