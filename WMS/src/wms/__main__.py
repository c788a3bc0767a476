"""`python -m wms` is `wms`."""

from wms.cli import main

if __name__ == "__main__":
    main()
