"""Right: a model with an argument, a parameter and its own get_init_inputs."""

import torch


class ModelNew(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(width))

    def forward(self, A, B):
        return A.unsqueeze(1) * B


def get_init_inputs():
    return [7]
