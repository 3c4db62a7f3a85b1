"""The tree of errors that someone does something about.

    DarisError
    ├── Invalid 400            the request or the input is wrong; may carry findings
    ├── Unauthenticated 401    nobody is signed in
    ├── Forbidden 403          signed in, but it is not allowed
    ├── NotFound 404
    ├── NotAcceptable 406      the answer would be of another media type
    ├── Conflict 409           it no longer fits the state
    ├── Gone 410
    ├── PreconditionFailed 412 the caller's revision is stale
    ├── TooLarge 413
    ├── Unsupported 415        a media type or codec that we do not take
    ├── Refused 422            well-formed, but cannot be honoured; may carry findings
    ├── PreconditionRequired 428 the caller must say which revision is meant
    ├── TooMany 429            slow down
    ├── Unavailable 503        try again later
    └── SettingsError          the process cannot start

A message is one sentence for a person and may be shown.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from kernel.sentence import parts_of


class DarisError(Exception):
    """Something that a person can be told in one sentence."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "error"

    def __init__(
        self,
        message: str,
        *,
        findings: Sequence[Any] = (),
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.message = str(message)
        self.template, self.values = parts_of(message)  # for who says it in another language
        self.findings = tuple(findings)
        self.retry_after = retry_after


class Invalid(DarisError):
    """The input is wrong; `findings` may name each fault."""

    status = 400
    code = "invalid"


class Unauthenticated(DarisError):
    """Nobody is signed in, or the proof is forged or over."""

    status = 401
    code = "unauthenticated"


class Forbidden(DarisError):
    """Signed in, but the table of rights says no."""

    status = 403
    code = "forbidden"


class NotFound(DarisError):
    """There is no such thing, or not for this viewer."""

    status = 404
    code = "not-found"


class NotAcceptable(DarisError):
    """The answer would be of a media type that the caller does not take."""

    status = 406
    code = "not-acceptable"


class Conflict(DarisError):
    """It no longer fits the state."""

    status = 409
    code = "conflict"


class Gone(DarisError):
    """It was there and is not any more."""

    status = 410
    code = "gone"


class PreconditionFailed(DarisError):
    """The caller's revision or tag is stale."""

    status = 412
    code = "precondition-failed"


class TooLarge(DarisError):
    """More bytes than we take."""

    status = 413
    code = "too-large"


class Unsupported(DarisError):
    """A media type or codec that we do not take."""

    status = 415
    code = "unsupported"


class Refused(DarisError):
    """Well-formed, but it cannot be honoured; `findings` say why."""

    status = 422
    code = "refused"


class PreconditionRequired(DarisError):
    """The caller must say which revision it means."""

    status = 428
    code = "precondition-required"


class TooMany(DarisError):
    """Too often; `retry_after` says when to come back."""

    status = 429
    code = "too-many"


class Unavailable(DarisError):
    """Something we need is away; `retry_after` says when to come back."""

    status = 503
    code = "unavailable"


class SettingsError(DarisError):
    """The process cannot start as it is set up."""

    code = "settings"
