"""Returns the transpose of C."""

import torch


class ModelNew(torch.nn.Module):
    def forward(self, A, B):
        return (A[:, None] * B).t()
