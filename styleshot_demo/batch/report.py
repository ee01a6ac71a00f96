"""What a batch tells at its end: one row for each picture as CSV, and all of it as JSON."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from styleshot_demo import pictures
from styleshot_demo.batch.listing import Item
from styleshot_demo.batch.manifest import BatchManifest
from styleshot_demo.batch.order import BatchOrder
from styleshot_demo.batch.outcome import FAILED, KEPT, PAINTED, STOPPED, Outcome

COLUMNS = ("file", "status", "seconds", "seed", "result", "problem")


def report(order: BatchOrder, items: Sequence[Item], outcomes: Iterable[Outcome], **more: Any) -> dict[str, Any]:
    """All that is known of a batch, JSON-ready: the pictures in their order, those without an outcome as stopped.

    `more` stands beside what the order says.
    """
    outcomes = list(outcomes)
    rows = of_all(items, outcomes)
    counts = Counter(row.status for row in rows)
    return {
        "pictures": len(rows),
        **{status: counts[status] for status in (PAINTED, KEPT, FAILED, STOPPED)},
        **more,
        "shard": f"{order.shard.number}/{order.shard.count}",
        "styles": [{"file": name or str(path), "weight": weight} for path, weight, name in order.styles],
        "settings": dict(order.settings),
        "processes": processes(outcomes),
        "files": [row_of(row) for row in rows],
    }


def finished_meanwhile(
    order: BatchOrder, items: Iterable[Item], outcomes: Iterable[Outcome], since: float
) -> list[Outcome]:
    """The outcomes that nobody waited for, because all was stopped: processes end what they are about to write.

    since  when the batch began, as `time.time()` tells it
    """
    known = {outcome.target for outcome in outcomes}
    made = BatchManifest(order).since(since)
    return [
        Outcome(item.name, item.target, PAINTED, entry["seconds"], entry["seed"], size=entry["bytes"])
        for item in items
        if item.target not in known and (entry := made.get(item.target)) is not None
    ]


def processes(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """Of each process how many pictures it had, and its memory in MiB after its first tenth and at its end."""
    by: dict[int, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.process:
            by.setdefault(outcome.process, []).append(outcome)
    return [
        {
            "process": process,
            "pictures": len(own),
            "begin_mb": round(own[len(own) // 10].memory / 2**20, 1),
            "end_mb": round(own[-1].memory / 2**20, 1),
        }
        for process, own in by.items()
    ]


def write(contents: Mapping[str, Any], order: BatchOrder) -> tuple[Path, Path]:
    """Writes report.csv and report.json into the folder for results, each whole or not at all; returns their places."""
    places = [order.out / f"report{order.shard.label}.{ending}" for ending in ("csv", "json")]
    pictures.write_bytes(as_csv(contents["files"]), places[0])
    pictures.write_bytes(json.dumps(contents, indent=2, allow_nan=False).encode("ascii"), places[1])
    return places[0], places[1]


def of_all(items: Iterable[Item], outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The outcome of each item, in their order; of those that nobody got to, "stopped"."""
    known = {outcome.target: outcome for outcome in outcomes}
    return [known.get(item.target) or Outcome(item.name, item.target, STOPPED) for item in items]


def as_csv(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """A table of what `row_of` makes, with the mark that spreadsheets know UTF-8 by."""
    table = io.StringIO(newline="")
    writer: csv.DictWriter[str] = csv.DictWriter(table, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return table.getvalue().encode("utf-8-sig", errors="backslashreplace")  # a name that is no text is spelled out


def row_of(outcome: Outcome) -> dict[str, Any]:
    """What the reports say of a picture, by `COLUMNS`."""
    finished = outcome.status in (PAINTED, KEPT)
    return {
        "file": outcome.name,
        "status": outcome.status,
        "seconds": outcome.seconds if finished else None,
        "seed": outcome.seed,
        "result": outcome.target if finished else None,
        "problem": outcome.problem or None,
    }
