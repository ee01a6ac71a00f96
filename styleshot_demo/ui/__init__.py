"""The page: Gradio, and nothing but Gradio."""

from styleshot_demo.ui import surroundings

surroundings.prepare()
with surroundings.alone():  # Gradio makes an HTTP client while it is imported, and so fails where a proxy is no use
    import gradio  # noqa: F401
