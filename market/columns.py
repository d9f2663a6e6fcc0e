"""The columns of other people's files: what each is, however it is spelt."""

import re
from collections.abc import Sequence

from trading.errors import DataError

#: Ours, and how others write it, as `_plain` leaves it. What stands first is taken first.
_SPELLINGS = {
    "ts": (
        "ts datetime timestamp opentime starttime begin start bartime localtime dateandtime "
        "datetimeutc timestamputc timeutc gmttime dt date tradedate tradingdate tradingday "
        "opendate sessiondate session day time unix unixtime unixtimestamp epoch period t "
        "index indexlevel0"
    ),
    "open": "open o openprice openingprice first bopen pricopen",
    "high": "high h highprice max hi",
    "low": "low l lowprice min lo",
    "close": "close c closeprice closelast closingprice last price settle",
    "volume": (
        "volume v vol basevolume tickvolume tickvol totalvolume totaltradedquantity tottrdqty "
        "sharestraded qty quantity"
    ),
    "adjusted_close": "adjustedclose adjclose closeadj closeadjusted",
    "symbol": "symbol ticker sym tic instrument pair code stock asset",
    "name": "companyname company longname shortname securityname name",
    "sector": "sector gicssector",
    "currency": "currency ccy quotecurrency",
    "exchange": "exchange mic exchangecode market",
    "tick": "tick ticksize",
    "lot": "lot lotsize",
    "multiplier": "multiplier contractmultiplier contractsize",
    "dividend": "dividend dividends dividendamount divcash cashdividend",
    "split": "split splits splitratio splitcoefficient splitfactor stocksplits stocksplit ratio",
}
SPELLINGS = {ours: tuple(theirs.split()) for ours, theirs in _SPELLINGS.items()}
#: What an instrument is, beside its bars; one value a symbol.
TRAITS = ("name", "sector", "currency", "exchange", "tick", "lot", "multiplier")
_HOUR = "time"  # beside a column of dates it holds the time of day


def recognised(names: Sequence[str], file: str) -> dict[str, str]:
    """Our column to theirs, for those we know; "clock" is a time of day beside a date.

    DataError where two columns are spelt alike, as "Close" and "close" are.
    """
    plain: dict[str, str] = {}
    for name in names:
        key = _plain(name)
        if not key:
            continue
        if key in plain and any(key in spellings for spellings in SPELLINGS.values()):
            raise DataError(f"{file} has two columns for one: {plain[key]!r} and {name!r}")
        plain.setdefault(key, name)
    found: dict[str, str] = {}
    for ours, spellings in SPELLINGS.items():
        theirs = next((plain[one] for one in spellings if one in plain), None)
        if theirs is not None:
            found[ours] = theirs
    if "ts" not in found and any(not _plain(name) for name in names):
        found["ts"] = next(name for name in names if not _plain(name))  # a saved pandas index
    if _plain(found.get("ts", "")) in {"date", "tradedate", "day"} and _HOUR in plain:
        found["clock"] = plain[_HOUR]
    if "symbol" not in found and "name" in found and _plain(found["name"]) == "name":
        found["symbol"] = found.pop("name")  # the S&P 500 set that went round names its tickers so
    return found


def _plain(name: str) -> str:
    """Lower case without signs or a leading number: "1. open" and "<OPEN>" are both "open"."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"^\s*\d+[.)]\s*", "", name.lower()))
