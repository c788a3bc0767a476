"""Ends with 0 once MLflow answers an authenticated call of its API, which reads the database.

`/health` answers before the API does, to everybody, and without the database.
"""

import base64
import os
import sys
import urllib.error
import urllib.request

TIMEOUT_SECONDS = 10


def main() -> None:
    """Ask for one experiment as the administrator."""
    port = os.environ.get("PORT", "5000")
    credentials = base64.b64encode(f"admin:{os.environ['MLFLOW_AUTH_ADMIN_PASSWORD']}".encode()).decode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/2.0/mlflow/experiments/search?max_results=1",
        headers={"Authorization": f"Basic {credentials}", "Host": os.environ["ALLOWED_HOSTS"].split(",")[0]},
    )
    try:
        urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS).close()  # noqa: S310 - its own address
    except (urllib.error.URLError, OSError) as error:
        sys.exit(f"MLflow's API does not answer: {error}")


if __name__ == "__main__":
    main()
