"""Right: its class is defined inside a try, its name is an annotated assignment."""

import torch

try:
    import a_library_that_is_not_there
except ImportError:
    a_library_that_is_not_there = None
    with torch.no_grad():

        class Model(torch.nn.Module):
            def forward(self, A, B):
                return A[:, None] * B


ModelNew: type = Model
