"""Leases: labs that are lent for a time, the queue for scarce ones, and what administrators do about them."""
