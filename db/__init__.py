"""The journal on SQLite and PostgreSQL; the only package that knows the ORM."""
