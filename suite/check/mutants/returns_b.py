"""Returns its input b for C."""

import torch


class ModelNew(torch.nn.Module):
    def forward(self, A, B):
        return B
