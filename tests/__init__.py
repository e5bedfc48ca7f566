"""The tests: a folder for each of skann, and `promises` for what is not about one of them. Shared: the modules here."""
