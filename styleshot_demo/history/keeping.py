"""The histories of all visitors, in one folder of the server."""

import hashlib
from pathlib import Path

from styleshot_demo.errors import Problem
from styleshot_demo.history.visitor import History, is_visitor


class Histories:
    """Where results are kept for those who made them."""

    def __init__(self, folder: Path, gigabytes: float) -> None:
        """folder: is made when the first result is kept; gigabytes: that all histories together may take."""
        self._folder, self._limit = folder, int(gigabytes * 1e9)

    def of(self, visitor: object) -> History:
        """The history of whoever has that id; `Problem` history_nobody where it is no id.

        The folder's name is a hash: whoever can list the folder still cannot show himself as one of the visitors.
        """
        if not is_visitor(visitor):
            raise Problem("history_nobody")
        name = hashlib.sha256(str(visitor).encode()).hexdigest()[:40]
        return History(self._folder, self._folder / name, self._limit)
