"""The published site: the page of a run, the index of all, and how they are laid out and written."""
