"""How fast: samples, ceilings and the A/A control in interleaved rounds, and what their ratios say."""
