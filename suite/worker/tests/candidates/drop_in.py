"""A candidate in the form of a drop-in file."""

import torch


class ModelNew(torch.nn.Module):
    def forward(self, A, B):
        return A[:, None] * B
