"""Brokers: the paper broker and one file per real one. Imports only `trading`."""
