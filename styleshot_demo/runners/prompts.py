"""What of a job's words the model does not read, so that a person can be told."""

from typing import Any

from styleshot_demo.jobs import ImageJob, TextJob
from styleshot_demo.messages import Remark, remark

SHOWN = 80  # characters


def unread(job: TextJob | ImageJob, tokenizer: Any, chunks: int) -> list[Remark]:
    """Remarks on the ends of prompt and negative prompt that do not fit into so many chunks of the text encoder."""
    from styleshot_demo.styleshot import prompts

    notes = []
    for key, text in (("prompt_cut", job.prompt), ("negative_prompt_cut", job.negative_prompt)):
        if rest := prompts.unread(tokenizer, text or "", chunks):
            notes.append(remark(key, rest=_shown(rest)))
    return notes


def _shown(rest: str) -> str:
    """As much of it as a person wants to read. What was cut within a letter is no letter."""
    rest = rest.replace("\ufffd", "").strip() or "…"
    return rest if len(rest) <= SHOWN else f"{rest[:SHOWN].rstrip()}…"
