"""The letter: events as one email, in plain text and in simple HTML."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from mail.route import Route
from mail.texts import Text
from trading.messages import Message

TAGS = {"bold": "b", "italic": "i", "code": "code"}
STYLE = (
    "margin:0;padding:12px;font:15px/1.45 -apple-system,'Segoe UI',Roboto,sans-serif;"
    "word-wrap:break-word"
)
PRE = "margin:8px 0;font:13px/1.4 ui-monospace,Menlo,Consolas,monospace;overflow-x:auto"
RULE = "\n\n" + "-" * 32 + "\n\n"
PAGE = (
    '<!doctype html><html><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width,initial-scale=1">'
    '<meta name="color-scheme" content="light dark"></head>'
    '<body style="{style}"><div style="max-width:560px">{body}</div></body></html>'
)


@dataclass(frozen=True, slots=True)
class Stationery:
    """What every letter of a desk bears. `moment` writes a wall time as the operator reads it,
    with its zone."""

    route: Route
    desk_id: str
    moment: Callable[[datetime], str]

    def letter(self, texts: Sequence[Text], now: datetime) -> EmailMessage:
        """One mail of one or more texts; `now` is its Date. Its Message-ID is the first text's, so
        that a repeat after a crash can be recognised."""
        first = texts[0]
        title = first.title
        if len(texts) > 1:
            title = f"{len(texts)} messages, first: {title}"
        sheet = self._blank(f"Quarterdeck: {title}", now)
        sheet["Message-ID"] = self._id(first.name)
        if len(texts) == 1 and first.root:
            sheet["In-Reply-To"] = sheet["References"] = self._id(first.root)
        sheet.set_content(
            RULE.join(self._plain(text) for text in texts) + "\n", cte="quoted-printable"
        )
        self._dress(sheet, texts)
        return sheet

    def test(self, name: str, now: datetime) -> EmailMessage:
        """A mail that only says that mail works."""
        sheet = self._blank("Quarterdeck: test", now)
        sheet["Message-ID"] = self._id(name)
        sheet.set_content("Email works: critical messages of your desk come here too.\n")
        return sheet

    def _id(self, name: str) -> str:
        return f"<{self.desk_id}-{name}@{self.route.sender.rpartition('@')[2]}>"

    def _blank(self, subject: str, now: datetime) -> EmailMessage:
        sheet = EmailMessage(policy=SMTP)
        sheet["Subject"] = subject
        sheet["From"] = Address("Quarterdeck", addr_spec=self.route.sender)
        sheet["To"] = ", ".join(self.route.to)
        sheet["Date"] = format_datetime(now)
        sheet["Auto-Submitted"] = "auto-generated"
        return sheet

    def _plain(self, text: Text) -> str:
        return "\n\n".join(part for part in (text.said.plain.strip(), self._foot(text)) if part)

    def _foot(self, text: Text) -> str:
        asked = [button.label for row in text.said.buttons for button in row if button.once]
        labels = " · ".join(asked)
        answer = f"\nTo answer, in Telegram: {labels}" if labels else ""
        return self.moment(text.at) + answer

    def _dress(self, sheet: EmailMessage, texts: Sequence[Text]) -> None:
        """The same in HTML, with the pictures inside it."""
        parts, pictures = [], []
        for text in texts:
            shown = ""
            if text.png:
                name = f"picture-{text.name}@{self.desk_id}"
                pictures.append((name, text))
                shown = f'<img src="cid:{name}" alt="" style="max-width:100%;margin-top:12px">'
            foot = escape(self._foot(text)).replace("\n", "<br>")
            small = f'<p style="font-size:13px;opacity:.7">{foot}</p>'
            parts.append(f"<div>{as_html(text.said)}</div>{shown}{small}")
        body = "<hr>".join(parts)
        sheet.add_alternative(PAGE.format(style=STYLE, body=body), "html", cte="quoted-printable")
        html = sheet.get_payload()[-1]  # type: ignore[index]
        for name, text in pictures:
            html.add_related(  # type: ignore[union-attr]
                text.png, "image", "png", cid=f"<{name}>", filename=f"picture-{text.name}.png"
            )


def as_html(said: Message) -> str:
    """Spans as tags, line ends as breaks; nothing of the text is taken for HTML."""
    parts = []
    for before, span in zip((None, *said.text), said.text, strict=False):
        if span.style == "pre":
            parts.append(f'<pre style="{PRE}">{escape(span.text)}</pre>')
            continue
        below_table = before is not None and before.style == "pre"
        words = escape(span.text.removeprefix("\n") if below_table else span.text)
        words = words.replace("\n", "<br>")
        tag = TAGS.get(span.style)
        parts.append(f"<{tag}>{words}</{tag}>" if tag else words)
    return "".join(parts).strip()
