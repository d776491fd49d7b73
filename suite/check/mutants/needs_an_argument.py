"""Wants an argument to be made and gives none to make it with."""

import torch


class ModelNew(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.width = width

    def forward(self, A, B):
        return A[:, None] * B[:, : self.width]
