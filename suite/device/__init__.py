"""What runs here: the machine, its NVML counters, the code that runs on it, and the locks that keep runs apart."""
