"""Footprint: which tiles a release has, what they cover, and what lies in them."""
