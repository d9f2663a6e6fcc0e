"""From a press on the phone page to the edited card on it, through every real process."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.line import Line, table
from db.journal import OrmJournal, open_journal
from desk.notices import card_subject
from trading.facts import Notice
from trading.signals import Signal, SignalState

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CARDS = 40
PAUSE = 1.1  # seconds between presses: Telegram takes about one message a second in a chat

#: Milliseconds from the press to the first sight of the outcome in the page's own clock.
MEASURE = """
(label) => new Promise((resolve, reject) => {
  const keys = [...document.querySelectorAll(`[data-button-text="${label}"]`)];
  if (!keys.length) { resolve(null); return; }
  const key = keys[0], bubble = key.closest('[data-message-id]');
  const id = bubble.dataset.messageId;
  const seen = () => {
    const now = document.querySelector(`[data-message-id="${id}"]`);
    return now && now.textContent.includes('Rejected by you');
  };
  let start = 0;
  const watch = new MutationObserver(() => {
    if (seen()) { watch.disconnect(); resolve(performance.now() - start); }
  });
  watch.observe(document.body, {subtree: true, childList: true, characterData: true});
  setTimeout(() => reject(new Error('no edit within 10 s')), 10000);
  start = performance.now();
  key.click();
})
"""


@asynccontextmanager
async def _demo(data: Path) -> AsyncIterator[str]:
    """The demo in its own processes, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {**os.environ, "QUARTERDECK_DATA": str(data), "QUARTERDECK_PHONE_PORT": str(port)}
    house = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli", "demo", cwd=ROOT, env=env, stdout=subprocess.DEVNULL
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        house.send_signal(signal.SIGINT)
        await house.wait()


async def _more_cards(journal: OrmJournal, count: int) -> None:
    """Copies of a waiting signal on bars of their own, each with its card."""
    model = await journal.first(Signal, state=SignalState.PENDING, carded=True)
    assert model is not None
    copies = [
        replace(model, bar=model.bar - timedelta(days=3000 + n), id=0, version=0)
        for n in range(count)
    ]
    rows = await journal.append(copies)
    told = await journal.first(Notice, order="-id")
    assert told is not None
    await journal.append(
        [
            Notice(told.recipient, "card", told.created_at, subject=card_subject(row.id))
            for row in rows
        ]
    )


async def _measure(folder: Path) -> list[float]:
    from playwright.async_api import async_playwright

    async with _demo(folder) as url, async_playwright() as tools:
        browser = await tools.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM
        )
        page: Any = await browser.new_page(viewport={"width": 360, "height": 740})
        for _ in range(300):
            try:
                await page.goto(url)
                break
            except Exception:  # noqa: BLE001  not listening yet
                await asyncio.sleep(0.2)
        await page.wait_for_selector('[data-button-text="Reject"]', timeout=60_000)
        async with open_journal(folder / "quarterdeck.sqlite3") as journal:
            await _more_cards(journal, CARDS)
        keys = page.locator('[data-button-text="Reject"]')
        async with asyncio.timeout(120):
            while await keys.count() < CARDS:
                await asyncio.sleep(0.5)
        await asyncio.sleep(25)  # the chat's allowance of messages fills up again
        spans = []
        for _ in range(CARDS):
            span = await page.evaluate(MEASURE, "Reject")
            if span is not None:
                spans.append(float(span))
            await asyncio.sleep(PAUSE)
        await browser.close()
        return spans


def run(rounds: int = 1) -> list[Line]:
    """The alternative is the poll of arq as it comes: 250 ms on average before a job starts."""
    del rounds
    if shutil.which("chromium") is None:
        print("press: no chromium here (apt-get install chromium); skipped", file=sys.stderr)
        return []
    from benchmarks.queue import run as queue

    stock = next(line.alternative_ms for line in queue() if "p50" in line.name)
    with tempfile.TemporaryDirectory() as name:
        spans = asyncio.run(_measure(Path(name)))
    middle, last = median(spans), quantiles(spans, n=100)[98]
    return [
        Line(
            "press to edited card on the page, p50",
            middle,
            "the same behind arq's own poll",
            middle + stock,
            (middle + stock) / middle,
            f"{len(spans)} presses, p99 {last:.0f} ms",
        )
    ]


if __name__ == "__main__":
    print(table(run()))
