"""The page: Gradio, and nothing but Gradio."""

from styleshot_demo.ui import environment

environment.prepare()
with environment.without_proxy():  # Gradio makes an HTTP client as it is imported: fails where a proxy is no use
    import gradio  # noqa: F401
