"""How the page looks: warm paper, ink, and one vermilion accent, like the seal on a painting."""

import json
from pathlib import Path

import gradio as gr

from styleshot_demo.ui import words

HERE = Path(__file__).resolve().parent

PAPER = gr.themes.Color(
    name="paper",
    c50="#faf9f6", c100="#f4f2ed", c200="#e8e4dc", c300="#d6d0c4", c400="#a39c8e", c500="#787164",
    c600="#5c564b", c700="#403c34", c800="#2a2722", c900="#1e1c18", c950="#151411",
)  # fmt: skip
VERMILION = gr.themes.Color(
    name="vermilion",
    c50="#fdf4f1", c100="#fae4dd", c200="#f5c8bb", c300="#eda18d", c400="#e57b60", c500="#cf4f32",
    c600="#b23d23", c700="#92301b", c800="#77291a", c900="#632519", c950="#360f09",
)  # fmt: skip

# The first is bundled with Gradio; the others cover Chinese on every system.
TEXT = (
    gr.themes.LocalFont("Source Sans Pro", weights=(400, 700)),  # its file of weight 600 lacks letters, such as B
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "ui-sans-serif",
    "system-ui",
    "sans-serif",
)
MONO = (
    gr.themes.LocalFont("IBM Plex Mono", weights=(400,)),
    gr.themes.LocalFont("Lora", weights=(400, 600)),  # named here for its font face: `page.css` sets headings in it
    "monospace",
)

LINE, LINE_DARK = "#e2ddd3", "#37332c"
# Gradio's names of what a theme sets; a value with an asterisk is another one's, or a shade of a hue.
PAGE = {
    "body_background_fill": "#f6f4ef",
    "body_background_fill_dark": "#171613",
    "body_text_color": "#26231e",
    "body_text_color_dark": "#ece8df",
    "body_text_color_subdued": "#6a6459",
    "body_text_color_subdued_dark": "#a8a194",
    "background_fill_primary": "#fffefb",
    "background_fill_primary_dark": "#211f1b",
    "background_fill_secondary": "#f6f4ef",
    "background_fill_secondary_dark": "#1b1a17",
    "border_color_primary": LINE,
    "border_color_primary_dark": LINE_DARK,
    "border_color_accent": "*primary_600",
    "border_color_accent_dark": "*primary_400",
    "color_accent": "*primary_600",
    "color_accent_soft_dark": "#3a251e",
    "link_text_color_dark": "*primary_300",
}
BLOCKS = {
    "block_background_fill_dark": "#211f1b",
    "block_border_width_dark": "1px",
    "block_shadow_dark": "none",
    "block_radius": "12px",
    "block_padding": "14px 16px",
    "block_label_background_fill": "transparent",
    "block_label_background_fill_dark": "transparent",
    "block_label_border_width": "0px",
    "block_label_border_width_dark": "0px",
    "block_label_text_color": "*body_text_color",
    "block_label_text_color_dark": "*body_text_color",
    "block_label_text_weight": "600",
    "block_title_text_color": "*body_text_color",
    "block_title_text_color_dark": "*body_text_color",
    "block_title_text_weight": "600",
    "block_title_text_size": "*text_sm",
    "layout_gap": "18px",
}
INPUTS = {
    "input_background_fill": "#fffefb",
    "input_background_fill_dark": "#1b1a17",
    "input_border_width": "1px",
    "input_border_color_focus": "*primary_600",
    "input_border_color_focus_dark": "*primary_400",
    "input_shadow_focus": "0 0 0 3px rgba(178, 61, 35, .16)",
    "input_shadow_focus_dark": "0 0 0 3px rgba(229, 123, 96, .22)",
    "slider_color_dark": "*primary_400",
    "checkbox_background_color_selected_dark": "*primary_500",
    "checkbox_border_color": "*neutral_400",
    "checkbox_border_color_dark": "*neutral_500",
    "checkbox_border_color_selected_dark": "*primary_500",
}
BUTTONS = {
    "button_large_radius": "10px",
    "button_medium_radius": "10px",
    "button_small_radius": "8px",
    "button_small_text_weight": "600",
    "button_primary_background_fill": "#2a2722",
    "button_primary_background_fill_dark": "*primary_400",
    "button_primary_background_fill_hover_dark": "*primary_300",
    "button_primary_border_color": "transparent",
    "button_primary_border_color_dark": "transparent",
    "button_primary_text_color": "#fffefb",
    "button_primary_text_color_dark": "#1b120f",
    "button_secondary_background_fill": "transparent",
    "button_secondary_background_fill_dark": "transparent",
    "button_secondary_background_fill_hover": "#efebe3",
    "button_secondary_background_fill_hover_dark": "#2a2722",
    "button_secondary_border_color": "#cfc8bb",
    "button_secondary_border_color_dark": "#4a453c",
    "button_secondary_border_color_hover": "#787164",
    "button_secondary_text_color": "*body_text_color",
    "button_secondary_text_color_dark": "*body_text_color",
    "button_cancel_background_fill_hover": "*primary_50",
    "button_cancel_background_fill_hover_dark": "#3a251e",
    "button_cancel_border_color": "*primary_600",
    "button_cancel_border_color_dark": "*primary_400",
    "button_cancel_text_color": "*primary_600",
    "button_cancel_text_color_dark": "*primary_300",
}


class PageTheme(gr.themes.Base):
    """The theme of the page, light and dark."""

    def __init__(self) -> None:
        super().__init__(
            primary_hue=VERMILION,
            secondary_hue=VERMILION,
            neutral_hue=PAPER,
            font=TEXT,
            font_mono=MONO,
            radius_size=gr.themes.sizes.radius_md,
            text_size=gr.themes.sizes.text_md,
        )
        self.name = "atelier"
        super().set(**PAGE, **BLOCKS, **INPUTS, **BUTTONS)


SHEETS = ("page", "library", "grid", "regions", "history", "palette", "presets", "keyboard", "many", "crop")
# The first one says what the others use.
SCRIPTS = (
    "page", "stopping", "desk", "enlarge", "tools", "sketch", "library", "shelf", "grid", "beside", "regions",
    "history", "presets", "keyboard", "many", "crop", "palette",
)  # fmt: skip


def head() -> str:
    """Style sheet and script of the page. Not as `launch(css=...)`: that rewrites selectors, and loses some."""
    css = "".join((HERE / f"{name}.css").read_text(encoding="utf-8") for name in SHEETS)
    texts = json.dumps(words.script_texts(), ensure_ascii=False).replace("<", "\\u003c")
    scripts = "".join(f"<script>{(HERE / f'{name}.js').read_text(encoding='utf-8')}</script>" for name in SCRIPTS)
    return f'<style id="styleshot-css">{css}</style><script>window.styleshotTexts = {texts};</script>{scripts}'


def first_script() -> str:
    """The script that has to run before Gradio's."""
    return (HERE / "first.js").read_text(encoding="utf-8")
