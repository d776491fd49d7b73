"""Returns C in the host's memory."""

import torch


class ModelNew(torch.nn.Module):
    def forward(self, A, B):
        return (A[:, None] * B).cpu()
