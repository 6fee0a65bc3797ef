"""Settings of a portal that tests turn: faults, event delivery, limits."""

from dataclasses import dataclass


@dataclass
class Fault:
    """A switchable fault; `times` counts down to off, None = until switched off.

    `method`, in lower case, restricts it to one REST method, also inside a batch.
    """

    delay_ms: int = 0
    error: str | None = None
    times: int | None = None
    method: str = ""


@dataclass
class AuthoritySwitches:
    """What the documentation leaves open of the authorization servers.

    `invalid_client`: that word for a portal without the application, for which the error codes of the documentation
    know two ("OAuth 2.0: error codes"). `expiry_first`: an access token's end is looked at before its portal.
    """

    invalid_client: bool = False
    expiry_first: bool = False


@dataclass
class EventSwitches:
    """How deliveries of a portal misbehave; `delay_ms` milliseconds."""

    lost: bool = False
    doubled: bool = False
    held: bool = False
    delay_ms: int = 0


@dataclass
class BucketSettings:
    """Leaky bucket: blocks above `x` requests, drains `y` a second (REST docs: "Limits").

    `operating_limit`: seconds a method may use in ten minutes.
    """

    x: float = 50.0
    y: float = 2.0
    enabled: bool = True
    operating_limit: float = 480.0
