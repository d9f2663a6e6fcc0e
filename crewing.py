"""What the settings say of people: who is an operator, as what, and the rules among them."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from trading.people import Role

Money = Annotated[Decimal, Field(gt=0, le=10**12)]
Id = Annotated[int, Field(gt=0, lt=2**52)]  # as Telegram's are of people
Group = Annotated[int, Field(lt=0, gt=-(2**52))]  # and of groups


class Person(BaseModel):
    """An operator: Telegram's integer id (write to @userinfobot to learn it) and a name.
    `largest` is what one approval may be worth, in the desk's currency."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Id
    name: str = Field(min_length=1, max_length=40)
    role: Role = Role.OWNER
    largest: Money | None = None


class PeopleSettings(BaseModel):
    """The rules among operators; see README, "People"."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    two_above: Money | None = None  # an approval above it takes two people
    codes: Literal["enrolled", "required"] = "enrolled"  # who must give one-time codes
    groups: frozenset[Group] = frozenset()  # group chats in which operators are answered
    acting_in_groups: frozenset[Id] = frozenset()  # who may decide there too
