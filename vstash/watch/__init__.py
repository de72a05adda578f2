"""Folders that are followed while they change: what the system reports (events), and what it means (follow)."""
