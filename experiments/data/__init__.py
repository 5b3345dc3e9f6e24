"""The data sets, each with its source and hash."""
