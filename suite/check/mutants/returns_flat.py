"""Returns C as one row of N · M elements."""

import torch


class ModelNew(torch.nn.Module):
    def forward(self, A, B):
        return (A[:, None] * B).flatten()
