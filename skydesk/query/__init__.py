"""The noun *query*: ask the survey's catalogue in its own SQL."""
