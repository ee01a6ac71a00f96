"""What stands in a tab whose function comes next: two lines, and nothing that looks as if it could be used."""

import gradio as gr

from styleshot_demo.ui.widgets import prose


def coming(tab: str) -> None:
    """The notice of a tab, "text" or "image"."""
    with gr.Column(elem_classes="notice"):
        prose("h2", f"{tab}_next_title")
        prose("p", f"{tab}_next")
        prose("p", f"{tab}_next_until")
