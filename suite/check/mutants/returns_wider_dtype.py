"""Returns C in another dtype than its inputs."""

import torch


class ModelNew(torch.nn.Module):
    def forward(self, A, B):
        return (A[:, None].double() * B.double()).to(torch.float32 if B.dtype == torch.float64 else torch.float64)
