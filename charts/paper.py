"""Sheets as the pages of a PDF: A4, fonts embedded, the same sheets the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

import matplotlib as mpl
from matplotlib.backends.backend_pdf import PdfPages

from charts.sheet import Paper, Sheet

A4 = Paper(width=595.28, height=841.89, margin=42)  # points; the margin is 15 mm
TRUE_TYPE = 42  # text stays text, to be searched and copied


@dataclass(frozen=True, slots=True)
class Document:
    """Pages in order; `made_at` (aware) is the file's date, taken as given."""

    pages: Sequence[Sheet]
    title: str
    made_at: datetime

    def pdf(self) -> bytes:
        file = BytesIO()
        about = {"Title": self.title, "Creator": "Quarterdeck", "CreationDate": self.made_at}
        with mpl.rc_context({"pdf.fonttype": TRUE_TYPE, "pdf.compression": 9}):
            with PdfPages(file, metadata=about) as book:
                for page in self.pages:
                    book.savefig(page.figure, facecolor=page.theme.paper)
        return file.getvalue()
