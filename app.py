"""Starts the app: settings from the environment, the page built from them, launched."""

import sys

from styleshot_demo.errors import Problem
from styleshot_demo.process import begin
from styleshot_demo.settings import Settings


def main() -> None:
    try:
        begin()
        settings = Settings.from_environment()
        from styleshot_demo.ui.build import serve

        serve(settings)
    except Problem as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:  # before the page was there
        sys.exit(130)


if __name__ == "__main__":
    main()
