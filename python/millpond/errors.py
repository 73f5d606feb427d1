"""Millpond's errors in Python: one class for each kind, so that a caller branches on the class and never on the text."""


class Error(Exception):
    """What happened, on which object, and what to do next."""


class NotFound(Error, LookupError):
    """There is no such table, view, file or run."""


class AlreadyExists(Error):
    """The name is taken."""


class InvalidArgument(Error, ValueError):
    """The input is at fault; trying again will not help."""


class Conflict(Error):
    """Somebody else was faster; trying again is safe."""


class OutcomeUnknown(Error):
    """It may or may not have happened; find out before trying again."""


class Corrupt(Error):
    """Bytes at rest are not what was written."""


class Unsupported(Error, NotImplementedError):
    """Understood, but not built; the message names the feature."""


class ResourceExhausted(Error, MemoryError):
    """Over the memory, disk or time that the work was given."""


class Unavailable(Error, OSError):
    """Another system or the disk failed; trying again may help."""


class Cancelled(Error):
    """Ended on request."""


class PermissionDenied(Error, PermissionError):
    """The path or object may not be used."""


class Internal(Error):
    """A bug in Millpond."""
