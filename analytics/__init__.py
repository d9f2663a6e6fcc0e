"""What trades and days say in figures: pure, in base currency, one definition of each."""
