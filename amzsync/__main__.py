"""`python -m amzsync`."""

from amzsync.cli.app import main

if __name__ == "__main__":
    main()
