"""Has a constructor with an argument and a parameter that the product does not need."""

import torch


class ModelNew(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.unused = torch.nn.Parameter(torch.ones(width))

    def forward(self, A, B):
        return A[:, None] * B


def get_init_inputs():
    return [8]
