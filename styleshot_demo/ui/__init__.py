"""The page: Gradio, and nothing but Gradio."""

from styleshot_demo.ui import environment

environment.prepare()
# Gradio makes an HTTP client as it is imported: fails where a proxy is no use.
with environment.without_proxy(), environment.without_stubs():
    import gradio  # noqa: F401
