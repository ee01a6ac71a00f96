"""Weights on disk and models in memory."""
