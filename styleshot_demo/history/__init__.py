"""Results that are kept for whoever made them: a folder for each visitor of the page."""

from styleshot_demo.history.entry import HistoryEntry
from styleshot_demo.history.keeping import Histories
from styleshot_demo.history.visitor import History, is_visitor, new_visitor
