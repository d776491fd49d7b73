"""Calls einsum, a library function, for the product."""

import torch


class ModelNew(torch.nn.Module):
    def forward(self, A, B):
        return torch.einsum("i,ij->ij", A, B)
