"""`python -m vstash` is the command line."""

from vstash.cli.app import main

if __name__ == "__main__":
    main()
