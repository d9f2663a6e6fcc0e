"""The use cases: propose, decide, execute, settle, square off, halt, report. Knows no channel."""
