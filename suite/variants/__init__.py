"""Other forms of the tuned kernel, and what they gave on a GPU: `python -m suite.variants`."""
