"""What stands in a tab whose function comes next: two lines, and nothing that looks as if it could be used."""

import gradio as gr

from styleshot_demo.ui.widgets import texts
from styleshot_demo.ui.words import mark


def coming(tab: str) -> None:
    """The notice of a tab, "text" or "image"."""
    with gr.Column(elem_classes="notice"):
        gr.HTML(f"<h2 {texts(f'{tab}_next_title')}></h2>", apply_default_css=False)
        gr.Markdown(mark(f"{tab}_next"))
