"""Statements: files of trades as brokers and programs write them, read into facts.

Pure: bytes in, facts and refused rows out. A preset is recognised from the file itself.
"""

from statements.recognise import read, read_rates
from statements.statement import Entry, Refusal, Statement, Terms

__all__ = ["Entry", "Refusal", "Statement", "Terms", "read", "read_rates"]
