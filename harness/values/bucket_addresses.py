"""Addresses of objects in S3 and in Google Cloud Storage, as text in, taken apart out.

Credentials come from where the tools of the clouds look for them, and never from an address: whoever sees a
command line would see them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from harness.values.errors import BucketError, suggest

SCHEMES = ("s3", "gs")

OPTIONS = ("endpoint_override", "region", "scheme")
"""What an address of S3 may have behind ``?``, as pyarrow writes it."""

CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the role of the machine",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, `gcloud auth application-default login`, or the machine's role",
}
"""Where credentials are read from."""


@dataclass(frozen=True)
class BucketAddress:
    """Where an object, or a folder of them, lies.

    Attributes
    ----------
    scheme : {"s3", "gs"}
    bucket, key : str
        The key without slashes at its ends; empty for the whole bucket.
    options : tuple of (str, str)
        Of :data:`OPTIONS`.
    """

    scheme: str
    bucket: str
    key: str
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> BucketAddress:
        """Read ``s3://bucket/key?region=eu-central-1``.

        Raises
        ------
        BucketError
            Where it names no bucket, holds a password, or has another option.
        """
        parts = urlsplit(text)
        if parts.username or parts.password:
            shown = f"{parts.scheme}://{parts.hostname}{parts.path}"
            raise BucketError(
                f"{shown}: an address holds no keys; they are read from {CREDENTIALS[parts.scheme]}"
            )
        options = tuple(parse_qsl(parts.query, keep_blank_values=True))
        for name, _ in options:
            if parts.scheme != "s3" or name not in OPTIONS:
                hint = suggest(name, OPTIONS) if parts.scheme == "s3" else "gs:// takes none"
                raise BucketError(f"{text}: there is no option {name!r} of an address; {hint}")
        if not parts.netloc:
            raise BucketError(f"{text}: names no bucket: {parts.scheme}://BUCKET/KEY")
        return cls(parts.scheme, parts.netloc, parts.path.strip("/"), options)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.path}"

    @property
    def path(self) -> str:
        """Bucket and key, as pyarrow wants them."""
        return f"{self.bucket}/{self.key}" if self.key else self.bucket

    @property
    def name(self) -> str:
        """The last part of its key, or the bucket."""
        return self.path.rsplit("/", 1)[-1]

    def beside(self, name: str) -> BucketAddress:
        """Return the object of another name beside this one."""
        folder = self.key.rpartition("/")[0]
        return BucketAddress(self.scheme, self.bucket, f"{folder}/{name}".strip("/"), self.options)

    def holds(self, other: BucketAddress) -> bool:
        """Whether another address is this one, or lies below it."""
        return (other.scheme, other.options) == (self.scheme, self.options) and (
            other.path == self.path or other.path.startswith(f"{self.path}/")
        )


def is_remote(address: str) -> bool:
    """Whether an address leads into a bucket."""
    return address.startswith(tuple(f"{scheme}://" for scheme in SCHEMES))


def check_local(path: Path | None, option: str) -> None:
    """Refuse a path that is an address, where an option takes files of this machine alone.

    Raises
    ------
    BucketError
    """
    # As a path, an address has lost a slash.
    if path is not None and str(path).startswith(tuple(f"{scheme}:/" for scheme in SCHEMES)):
        raise BucketError(f"{option} {path}: is written on this machine; name a file here")
