"""Which column means what, in the spellings brokers use."""

import re
from collections.abc import Mapping, Sequence

from trading.errors import DataError

_WORDS: Mapping[str, str] = {
    "symbol": "symbol ticker instrument stock scrip scripname tradingsymbol security stocksymbol "
    "market pair asset stockname contract instrumentname securityname underlying",
    "at": "date datetime timestamp tradedate tradedatetime executedat executiontime dt at "
    "orderexecutiontime dateutc filltime transactiondate transactiontime dateandtime executed_at",
    "clock": "time tradetime timeofday",
    "side": "side action buysell buyorsell transactiontype tradetype bs direction type position "
    "longshort positionside",
    "quantity": "quantity qty units shares size volume filledqty filledquantity contracts "
    "quantityfilled closedquantity closedqty tradedquantity tradedqty lots noofshares",
    "amount": "amount",
    "value": "value tradevalue txndollars total turnover proceeds notional",
    "price": "price fillprice tradeprice averageprice avgprice executionprice tprice rate "
    "averagefillprice",
    "fee": "fee fees commission commissions brokerage charges cost costs chargestax chargesandtax "
    "chargesandtaxes chargestaxes commfee transactioncharges exchangecharges othercharges "
    "sebifee sebifees sebicharges dpcharges clearingcharges turnovercharges swap regulatoryfees",
    "fees": "totalcharges totalfees totalcosts totalcommission totaltaxesandcharges "
    "totalchargesandtaxes",
    "tax": "tax taxes stt gst stampduty stampcharges ctt igst cgst sgst servicetax "
    "securitiestransactiontax",
    "taxes": "totaltax totaltaxes",
    "currency": "currency ccy curr currencycode",
    "account": "account accountid accountnumber accountno",
    "strategy": "strategy strategyname system",
    "multiplier": "multiplier contractsize pointvalue",
    "id": "execid executionid tradeid tradeno fillid transactionid id tradenumber exchangetradeid",
    "order": "orderid orderno orderkey ordernumber",
    "buy_at": "buydate buydatetime buytimestamp dateofpurchase purchasedate datebought "
    "buytradedate acquired dateacquired",
    "buy_clock": "buytime purchasetime",
    "buy_price": "buyprice avgbuyprice buyavgprice averagebuyprice buyaverage buyaverageprice "
    "purchaseprice buyrate buyavg avgbuyingprice",
    "buy_value": "buyvalue buyamount purchasevalue buyturnover totalbuyvalue purchaseamount "
    "buycost buyamt",
    "sell_at": "selldate selldatetime selltimestamp dateofsale saledate datesold selltradedate "
    "sold",
    "sell_clock": "selltime saletime",
    "sell_price": "sellprice avgsellprice sellavgprice averagesellprice sellaverage "
    "sellaverageprice saleprice sellrate sellavg avgsellingprice",
    "sell_value": "sellvalue sellamount salevalue sellturnover totalsellvalue saleamount "
    "sellproceeds sellamt",
    "entry_at": "entrydate entrydatetime entrytimestamp opendate opendatetime openedat opened "
    "dateopened",
    "entry_clock": "entrytime opentime",
    "entry_price": "entryprice openprice avgentryprice averageentryprice priceopen entry",
    "entry_value": "entryvalue openvalue entryamount",
    "exit_at": "exitdate exitdatetime exittimestamp closedate closedatetime closedat closed "
    "dateclosed",
    "exit_clock": "exittime closetime",
    "exit_price": "exitprice closeprice avgexitprice averageexitprice priceclose exit",
    "exit_value": "exitvalue closevalue exitamount",
    "gross": "gross grosspl grosspnl grossprofit grossprofitloss grossrealizedpnl grossrealisedpl",
    "net": "net netpl netpnl netprofit netprofitloss netrealizedpnl netrealisedpl netgain "
    "netrealisedpnl netrealizedpl netpandl netprofitandloss",
    "pnl": "pnl pl profit profitloss realizedpl realisedpl realizedpnl realisedpnl "
    "realizedprofit realizedprofitloss gain gainloss profitandloss pandl",
}
MEANINGS = {word: meaning for meaning, words in _WORDS.items() for word in words.split()}
SEVERAL = frozenset({"fee", "tax"})  # all such columns are added up
_BARE = re.compile(r"[^a-z0-9]+")


def bare(heading: str) -> str:
    """`Net P&L (₹)` is "netpl": what stands in brackets is a unit."""
    return _BARE.sub("", re.sub(r"\(.*?\)|\[.*?\]", "", heading.lower()))


class Columns:
    """Where each meaning is in a row. With several for one meaning, the first counts."""

    def __init__(self, header: Sequence[str], said: Mapping[str, str] | None = None) -> None:
        self.header = list(header)
        self.places: dict[str, list[int]] = {}
        chosen = self._chosen(said or {})
        self.places |= {meaning: [place] for meaning, place in chosen.items()}
        for place, heading in enumerate(header):
            meaning = MEANINGS.get(bare(heading), "")
            if not meaning or place in chosen.values() or meaning in chosen:
                continue
            known = self.places.setdefault(meaning, [])
            if not known or meaning in SEVERAL:
                known.append(place)
        if "fees" in self.places:  # a total beside its parts
            self.places["fee"] = self.places.pop("fees")
        if "taxes" in self.places:
            self.places["tax"] = self.places.pop("taxes")
        if header and not header[0].strip() and "at" not in self.places:
            self.places["at"] = [0]  # an index of dates, as a frame is written
        self._entry_and_exit()

    def _chosen(self, said: Mapping[str, str]) -> dict[str, int]:
        headings = {heading.strip().lower(): n for n, heading in enumerate(self.header)}
        found = {}
        for meaning, heading in said.items():
            if meaning not in _WORDS:
                raise DataError(
                    f"--map {meaning}={heading}: no such meaning; there are: {', '.join(_WORDS)}"
                )
            if heading.strip().lower() not in headings:
                raise DataError(f"--map {meaning}={heading}: the file has no column {heading!r}")
            found[meaning] = headings[heading.strip().lower()]
        return found

    def _entry_and_exit(self) -> None:
        """A lone time of a trip's side may hold day and time together."""
        for side in ("buy", "sell", "entry", "exit"):
            lone = f"{side}_clock" in self.places and f"{side}_at" not in self.places
            if lone and "at" not in self.places:
                self.places[f"{side}_at"] = self.places.pop(f"{side}_clock")
        if "clock" in self.places and "at" not in self.places:
            self.places["at"] = self.places.pop("clock")

    def __contains__(self, meaning: str) -> bool:
        return meaning in self.places

    def cell(self, cells: Sequence[str], meaning: str) -> str:
        """Stripped; "" where the column is missing or the row too short."""
        places = self.places.get(meaning)
        return cells[places[0]].strip() if places and places[0] < len(cells) else ""

    def cells(self, cells: Sequence[str], meaning: str) -> list[str]:
        return [cells[at].strip() for at in self.places.get(meaning, ()) if at < len(cells)]

    @property
    def are_round_trips(self) -> bool:
        return any(
            (f"{one}_{what}" in self) and (f"{other}_{what}" in self)
            for one, other in (("buy", "sell"), ("entry", "exit"))
            for what in ("price", "value")
        )

    @property
    def are_transactions(self) -> bool:
        sized = "quantity" in self or "amount" in self
        return {"symbol", "price", "at"} <= self.places.keys() and sized
