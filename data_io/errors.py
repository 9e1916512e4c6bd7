"""The mistakes a user can make: each message names the file, the value and the remedy in one line."""


class UserError(Exception):
    """A mistake in what the user gave; the command line prints it in one line and exits with 2."""


class DataError(UserError):
    """A file that cannot be used as measurements, master sheet or sequences."""


class UnknownProteinError(UserError):
    """A protein name that matches no experiment, or more than one."""


class ConfigError(UserError):
    """A hyperparameter or setting outside of what is allowed."""


class SpaceError(UserError):
    """A search space file that cannot be used."""


class StudyError(UserError):
    """A study that cannot be opened, continued or tested as asked."""


class StorageError(UserError):
    """A database or workspace that cannot be read or written."""


class ModelError(UserError):
    """A saved model or checkpoint that is damaged, incomplete or of another kind than asked for."""
