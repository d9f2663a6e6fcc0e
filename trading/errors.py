"""Everything we raise on purpose.

QuarterdeckError
├── DeskError            the operator asked for something that cannot be done; text says what to do
│   ├── Refused          a risk check said no; the text carries its figure
│   └── BadCommand       an argument could not be read; the text shows how
├── ConfigError          a setting, file or data folder is wrong; the text names it
├── DataError            bars or files that are not what they should be
├── MailError            an email that did not go; text says why
│   ├── MailAway         the server, or the way to it; tried again
│   └── MailRefused      final: the server takes no such mail
├── JournalError         the database cannot be read or written now; nothing was recorded, try again
├── DamagedRow           a row that cannot be read, and every figure without it would be wrong
└── BrokerError
    ├── BrokerRejected   final: the broker said no
    └── OutcomeUnknown   sent, and nobody knows yet; never treat as rejected
"""

from trading.damage import Damaged


class QuarterdeckError(Exception):
    """Its text is one clear line, fit for the operator's screen."""


class DeskError(QuarterdeckError):
    pass


class Refused(DeskError):
    pass


class BadCommand(DeskError):
    pass


class ConfigError(QuarterdeckError):
    pass


class DataError(QuarterdeckError):
    pass


class MailError(QuarterdeckError):
    pass


class MailAway(MailError):
    pass


class MailRefused(MailError):
    pass


class JournalError(QuarterdeckError):
    """What was under way is as it was before; a loop rests and looks again, since nothing else
    can be done and much may be mended meanwhile."""


class DamagedRow(QuarterdeckError):
    def __init__(self, row: Damaged) -> None:
        super().__init__(str(row))
        self.row = row


class BrokerError(QuarterdeckError):
    pass


class BrokerRejected(BrokerError):
    pass


class OutcomeUnknown(BrokerError):
    pass
