"""Telegram's door and voice: updates in, notices out. Nothing else knows Telegram."""
