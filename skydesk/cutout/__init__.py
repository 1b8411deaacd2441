"""Cutouts: images of positions, cut from a survey's tiles."""
