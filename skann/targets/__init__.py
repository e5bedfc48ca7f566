"""y becomes what a loss takes, and back: labels and class indices, values and scaled columns."""
