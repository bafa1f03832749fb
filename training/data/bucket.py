"""Blobs in an S3-compatible bucket. Imported only by a node that has one."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from studio.domain.errors import AtelierError
from training.data.blobs import missing


class Bucket:
    """Sealed blobs below a prefix of one bucket: ciphertext under names that say nothing."""

    def __init__(self, store: S3Store) -> None:
        self._store = store

    def put(self, blobs: list[tuple[str, bytes]]) -> None:
        with _plain_errors():
            for path, data in blobs:
                obstore.put(self._store, path, data)

    def get(self, path: str, start: int, end: int) -> bytes:
        with _plain_errors():
            return bytes(obstore.get_range(self._store, path, start=start, end=end))

    def size(self, path: str) -> int | None:
        try:
            with _plain_errors():
                return int(obstore.head(self._store, path)["size"])
        except AtelierError as error:
            if error.code == "blob.missing":
                return None
            raise

    def delete(self, path: str) -> None:
        if self.size(path) is not None:
            with _plain_errors():
                obstore.delete(self._store, path)

    def paths(self) -> Iterator[str]:
        with _plain_errors():
            for page in obstore.list(self._store):
                for each in page:
                    yield str(each["path"])


def open_bucket(url: str, endpoint: str, access_key: str, secret_key: str) -> Bucket:
    """The bucket at `url` (s3://bucket/prefix). `endpoint` is empty for Amazon's own."""
    options: dict[str, Any] = {"access_key_id": access_key, "secret_access_key": secret_key}
    if endpoint:
        options |= {"endpoint": endpoint, "virtual_hosted_style_request": False}
    client: Any = {"allow_http": endpoint.startswith("http://"), "timeout": "30s"}
    # the default of ten retries makes a server that is down cost seconds a call
    retry: Any = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}
    return Bucket(S3Store.from_url(url, client_options=client, retry_config=retry, **options))


@contextmanager
def _plain_errors() -> Iterator[None]:
    """What the store says, as an error of ours."""
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        raise missing("") from error
    except BaseError as error:
        raise AtelierError(
            "blob.unreachable",
            "The node cannot reach its file store. What was saved before is safe; this was not kept.",
            detail=str(error)[:500],
            hint="Ask whoever looks after the node to check the bucket; nothing needs to be restarted.",
        ) from error
