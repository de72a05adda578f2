"""Bytes to passages: reading a source's text, cutting it for an encoder, and the words to index beside it."""
