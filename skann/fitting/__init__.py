"""From parameters and rows to trained networks."""
