"""Tables of one's own: what users load, join with the catalogue, and lend to one another."""
