"""The one place that enqueues and wakes. Knows Redis and arq, nothing of trading."""
