"""Returns C as a sparse tensor."""

import torch


class ModelNew(torch.nn.Module):
    def forward(self, A, B):
        return (A[:, None] * B).to_sparse()
