"""A store that speaks S3 on this machine, for the tests: moto's server, started and ended with the block."""

from __future__ import annotations

import contextlib
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

BUCKET = "press-rows"

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Environment variables of whoever asks it, and nothing of the machine that the tests run on."""


@dataclass(frozen=True)
class Store:
    """A store with one bucket.

    Attributes
    ----------
    endpoint : str
        ``127.0.0.1:PORT``.
    client : object
        Of boto3, which knows nothing of the harness.
    """

    endpoint: str
    client: Any

    def address(self, key: str, bucket: str = BUCKET) -> str:
        return f"s3://{bucket}/{key}?endpoint_override={self.endpoint}&scheme=http"

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=key, Body=content)

    def get(self, key: str) -> bytes:
        content: bytes = self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return content

    def objects(self) -> set[str]:
        return {item["Key"] for item in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])}

    def empty(self) -> None:
        """Forget everything but the bucket."""
        self.ask("reset")
        self.client.create_bucket(Bucket=BUCKET)

    def ask_for_keys(self, asks: bool) -> None:
        """Let it refuse whoever has no keys of its own, or stop doing so."""
        self.ask("reset-auth", b"0" if asks else b"inf")

    def ask(self, what: str, body: bytes = b"") -> None:
        address, kind = f"http://{self.endpoint}/moto-api/{what}", {"Content-Type": "text/plain"}
        with urllib.request.urlopen(urllib.request.Request(address, body, kind)) as answer:
            answer.read()


@contextlib.contextmanager
def serving() -> Iterator[Store]:
    """Run a store for the block."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        endpoint = ":".join(map(str, server.get_host_and_port()))
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        client = boto3.client("s3", endpoint_url=f"http://{endpoint}", region_name="us-east-1", **keys)
        yield Store(endpoint, client)
        client.close()
    finally:
        server.stop()
