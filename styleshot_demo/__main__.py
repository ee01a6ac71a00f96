"""`python -m styleshot_demo`: the command line."""

from styleshot_demo.cli.app import main

if __name__ == "__main__":
    main()
