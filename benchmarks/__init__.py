"""What is claimed about speed, runnable: each module's `run()` measures ours and an alternative."""
