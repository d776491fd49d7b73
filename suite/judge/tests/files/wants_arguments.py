"""Its model wants an argument that nobody gives."""

import torch


class ModelNew(torch.nn.Module):
    def __init__(self, width):
        super().__init__()

    def forward(self, A, B):
        return A[:, None] * B
