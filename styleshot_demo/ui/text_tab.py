"""The Text-driven tab. Its function comes with the StyleShot models; until then it says so."""

from styleshot_demo.ui import notice


def build() -> None:
    """Lays the tab out, where it is called."""
    notice.coming("text")
