"""The operator's verbs and the words that answer them, before any channel's own format."""
