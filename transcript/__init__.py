"""A scripted conversation with the demo, written down as the operator saw it."""
