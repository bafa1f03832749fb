"""A recipe of some seconds that says how much processor time it took to get as far as its training."""

import time

import numpy as np
import torch
from atelier_run import Model, Run
from msgspec import Struct
from torch import Tensor, nn
from torch.nn import functional as F

EPOCHS, PICTURES, BATCH = 16, 160, 8


class Params(Struct, frozen=True):
    """Nothing to choose."""


def network() -> tuple[nn.Module, torch.optim.Optimizer]:
    """A small convolutional network, and what trains it."""
    model = nn.Sequential(
        *(nn.Conv2d(3, 64, 3, 4), nn.ReLU(), nn.Conv2d(64, 128, 3, 2), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10)),
    )
    return model, torch.optim.AdamW(model.parameters(), lr=1e-3)


def step(model: nn.Module, optimizer: torch.optim.Optimizer, noise: np.ndarray, numbers: list[int]) -> Tensor:
    """One step."""
    loss = F.cross_entropy(model(torch.from_numpy(noise)), torch.tensor(numbers) % 10)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def train(run: Run, params: Params) -> Model:
    """A network on noise of the seed; its result is all its weights in one figure."""
    # PyTorch loads much with its first step: that belongs to the start
    step(*network(), np.zeros((BATCH, 3, 96, 96), np.float32), list(range(BATCH)))
    run.log(began=time.process_time())
    model, optimizer = network()
    for _ in run.epochs(EPOCHS, model=model, optimizer=optimizer):
        for numbers in run.batches(range(PICTURES), BATCH):
            noise = run.random().standard_normal((len(numbers), 3, 96, 96), dtype="float32")
            run.log(loss=step(model, optimizer, noise, numbers))
    weight = sum(float(each.double().sum()) for each in model.parameters())
    return run.save(Model({"model.json": b"{}"}, {"weight": weight}))
