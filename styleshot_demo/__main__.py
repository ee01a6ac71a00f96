"""`python -m styleshot_demo`: the command line."""

from styleshot_demo.process import stop_silently


def main() -> None:
    """Run the command that `sys.argv` names; ends the program."""
    stop_silently()
    from styleshot_demo.cli.app import main as run  # half a second

    run()


if __name__ == "__main__":
    main()
