"""The vocabulary: facts, the ledger, clocks, errors and the ports. Imports nothing of ours."""
