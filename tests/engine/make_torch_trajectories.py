"""Writes torch_trajectories.json, what PyTorch's optimizers do on a small problem. Run by hand; needs torch:

python tests/engine/make_torch_trajectories.py
"""

import json
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("torch_trajectories.json")
START = [1.5, -0.7, 0.02, -3.0]
N_STEPS = 20
DECAY = 0.1
CASES = {  # name: (class of torch.optim, its arguments, class of skann.engine.optimizers, its arguments)
    "sgd": ("SGD", {"lr": 0.02}, "SGD", {"momentum": 0.0}),
    "momentum": ("SGD", {"lr": 0.01, "momentum": 0.9}, "SGD",
                 {"momentum": 0.9, "nesterovs_momentum": False}),
    "nesterov": ("SGD", {"lr": 0.01, "momentum": 0.8, "nesterov": True}, "SGD",
                 {"momentum": 0.8, "nesterovs_momentum": True}),
    "rmsprop": ("RMSprop", {"lr": 0.02, "alpha": 0.9, "eps": 1e-3}, "RMSprop",
                {"beta_2": 0.9, "epsilon": 1e-3, "bias_correction": False}),
    "adam": ("Adam", {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3}, "Adam",
             {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}),
    "adam_defaults": ("Adam", {"lr": 0.1}, "Adam", {}),
    "adamw": ("AdamW", {"lr": 0.1, "weight_decay": DECAY}, "Adam", {"weight_decay": DECAY}),
    "nadam": ("NAdam", {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3}, "Nadam",
              {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}),
    "nadamw": ("NAdam", {"lr": 0.1, "weight_decay": DECAY, "decoupled_weight_decay": True}, "Nadam",
               {"weight_decay": DECAY}),
    "rmsprop_corrected": ("Adam", {"lr": 0.05, "betas": (0.0, 0.99)}, "RMSprop",
                          {"beta_2": 0.99}),
}  # fmt: skip


def gradient(theta):
    """Of a bowl with bends: coupled, of different scales, and zero at first in one direction."""
    coupled = np.array([[3.0, 0.5, 0, 0], [0.5, 1.0, 0, 0], [0, 0, 0.01, 0], [0, 0, 0, 20.0]]) @ theta
    return coupled + 2 * np.sin(3 * theta) - 0.1 * theta[::-1] ** 2


def trajectory(optimizer_class, kwargs):
    import torch

    theta = torch.nn.Parameter(torch.tensor(START, dtype=torch.float64))
    optimizer = getattr(torch.optim, optimizer_class)([theta], **kwargs)
    points = []
    for _ in range(N_STEPS):
        theta.grad = torch.from_numpy(gradient(theta.detach().numpy()))
        optimizer.step()
        points.append(theta.tolist())
    return points


def main():
    import torch

    torch.set_default_dtype(torch.float64)  # NAdam keeps a product of its own in this dtype
    trajectories = {name: trajectory(*case[:2]) for name, case in CASES.items()}
    lines = [f"{json.dumps(name)}: {json.dumps(points)}" for name, points in trajectories.items()]
    FILE.write_text(f'{{"torch": "{torch.__version__}",\n' + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    main()
