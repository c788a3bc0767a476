"""Waits for PostgreSQL and makes the administrator's password the one that the environment says.

MLflow creates its administrator once and ignores the setting afterwards. A restored database would keep the
password of the node it came from, and a new password would need the old one.
"""

import os
import sys
import time

import psycopg2
from werkzeug.security import check_password_hash, generate_password_hash

WAIT_SECONDS = 120


def connect() -> "psycopg2.extensions.connection":
    """A connection to the database, which may still be starting."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return psycopg2.connect(
                host=os.environ["POSTGRES_HOST"],
                port=os.environ.get("POSTGRES_PORT", "5432"),
                user="mlflow",
                password=os.environ["POSTGRES_PASSWORD"],
                dbname="mlflow",
                connect_timeout=5,
            )
        except psycopg2.OperationalError as error:
            if time.monotonic() > deadline:
                sys.exit(f"PostgreSQL did not answer in {WAIT_SECONDS} s: {error}")
            time.sleep(1)


def main() -> None:
    """Set the password of the user `admin` if it is another one; MLflow makes the user if there is none."""
    password = os.environ["MLFLOW_AUTH_ADMIN_PASSWORD"]
    connection = connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.users')")
        if cursor.fetchone() == (None,):
            return
        cursor.execute("SELECT password_hash FROM users WHERE username = 'admin'")
        row = cursor.fetchone()
        if row is not None and not check_password_hash(row[0], password):
            hashed = generate_password_hash(password)
            cursor.execute("UPDATE users SET password_hash = %s WHERE username = 'admin'", (hashed,))
            sys.stdout.write("the administrator has the password of the environment now\n")
    connection.close()


if __name__ == "__main__":
    main()
