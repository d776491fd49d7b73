"""Returns a NumPy array for C."""

import torch


class ModelNew(torch.nn.Module):
    def forward(self, A, B):
        return (A[:, None].double() * B.double()).cpu().numpy()
