"""The vocabulary: facts, the ledger, clocks, errors and the ports. Imports nothing of ours.

Money is exact here: a product of a quantity, a price and an exchange rate of eight places each
keeps all its digits, which Python's own 28 would not.
"""

import decimal

DIGITS = 60
decimal.DefaultContext.prec = DIGITS  # of threads to come
decimal.getcontext().prec = DIGITS
