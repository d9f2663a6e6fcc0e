"""The second voice: what is critical goes by email too, whatever Telegram does."""
