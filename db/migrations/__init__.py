"""Written by `tortoise -c db.schema.TORTOISE_ORM makemigrations`; never edited once released."""
