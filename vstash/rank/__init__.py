"""Fusing rankings and trimming them: pure functions."""
