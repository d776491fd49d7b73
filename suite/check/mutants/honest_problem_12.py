"""Is written as the problem sets write it: a module with forward(A, B), and functions that make its inputs."""

import torch


class ModelNew(torch.nn.Module):
    def forward(self, A, B):
        return A.unsqueeze(1) * B


def get_inputs():
    return [torch.rand(4096), torch.rand(4096, 4096)]


def get_init_inputs():
    return []
