"""The noun *jobs*: work that outlives the page that asked for it (UWS 1.1)."""
