"""`serve`: the page."""

from styleshot_demo.cli.report import settings_asked


def serve() -> None:
    """Open the page in a browser's reach, on http://127.0.0.1:7860 unless STYLESHOT_HOST and STYLESHOT_PORT differ.

    The same as python app.py; Ctrl-C ends it.
    """
    settings = settings_asked()
    from styleshot_demo.ui import build

    build.serve(settings)
