"""A local stand-in for Telegram: a Bot API server and a chat page for a phone-size browser."""

from phone.clock import ClockControls
from phone.messages import Button, Message
from phone.people import Person
from phone.phone import Phone
from phone.presses import Answer, Press
from phone.refusal import Misuse

__all__ = ["Answer", "Button", "ClockControls", "Message", "Misuse", "Person", "Phone", "Press"]
