"""Why: compiled code, occupancy, a model of the device, and Nsight Compute's counters."""
