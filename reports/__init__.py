"""What follows from the measurements: pages, selection, comparison. Reads records only; needs no GPU and no torch."""
