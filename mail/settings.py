"""What is written under [mail]."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_settings import NoDecode

_ADDRESS = re.compile(r"[!#-'*+\-./0-9=?A-Z^-~]{1,64}@[A-Za-z0-9.-]{1,190}")


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError("an address is written like ann@example.org")
    return text


Address = Annotated[str, AfterValidator(_address)]
Sender = Annotated[str, AfterValidator(lambda text: text and _address(text))]


class MailSettings(BaseModel):
    """The server that takes critical messages as email, and whom they go to; see README, "By
    email". `mail_password` stands by itself, as secrets do."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    host: str = Field(default="", pattern=r"^[A-Za-z0-9.:_-]*$", max_length=253)  # "" mails nobody
    port: int = Field(default=0, ge=0, le=65535)  # 0 is the usual one of `security`
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = Field(default="", max_length=320)
    sender: Sender = ""
    to: Annotated[tuple[Address, ...], NoDecode] = ()
    digests: bool = False

    @field_validator("to", mode="before")
    @classmethod
    def _listed(cls, to: Any) -> Any:
        """One address, or several with commas between."""
        return tuple(one.strip() for one in to.split(",")) if isinstance(to, str) else to

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.host and not (self.sender and self.to):
            raise ValueError("`host` needs `sender` and `to` beside it")
        if self.to and not self.host:
            raise ValueError("`to` needs the `host` that takes the mail")
        if len(set(self.to)) < len(self.to):
            raise ValueError("an address is in `to` twice")
        return self
