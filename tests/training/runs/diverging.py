"""A template whose loss is no number any more at a step that it is told, and which is sound otherwise."""

import math

import torch
from atelier_run import Model, Run
from msgspec import Struct
from torch import nn

STEPS = 40


class Params(Struct, frozen=True):
    """`bad_step`: from then on it goes wrong (-1: never), in the `loss` or in the `weights` alone."""

    bad_step: int = -1
    where: str = "loss"


def train(run: Run, params: Params) -> Model:
    """A line is fitted; a checkpoint is made after every step."""
    model = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in run.epochs(1, model=model, optimizer=optimizer):
        for numbers in run.batches(range(STEPS), 1):
            x = torch.tensor([[numbers[0] / STEPS, 1.0]])
            loss = (model(x) - x[:, :1] * 3).square().mean()
            is_bad = 0 <= params.bad_step <= run.step
            if is_bad and params.where == "loss":
                loss = loss * math.nan
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if is_bad and params.where == "weights":
                with torch.no_grad():
                    model.weight[0, 0] = math.inf
            if is_bad:
                run.say("it goes wrong")
            run.log(loss=loss)
    text = repr([value.tolist() for value in model.state_dict().values()])
    return run.save(Model({"model.json": text.encode()}, {"loss": float(loss)}))
