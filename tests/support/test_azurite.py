"""Azurite starts, keeps tables and goes away."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from azure.data.tables import TableServiceClient

from maa_notify.demo.loopback import free_port
from tests.support.azurite import Azurite, AzuriteMissingError, AzuriteStartError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.azurite
def test_it_is_a_table_service(azurite: Azurite) -> None:
    """A row written with the real client is read back."""
    row = {"PartitionKey": "p", "RowKey": "r", "Text": "grüß"}
    with TableServiceClient.from_connection_string(azurite.connection_string) as service:
        table = service.create_table("Harness")
        table.create_entity(row)
        found = table.get_entity("p", "r")
        service.delete_table("Harness")

    assert dict(found) == row


def test_a_missing_package_says_what_to_run(tmp_path: Path) -> None:
    """Nobody has to guess what to install."""
    with pytest.raises(AzuriteMissingError, match="run `make setup`"):
        Azurite(main=tmp_path / "main.js")


@pytest.mark.azurite
def test_a_second_one_has_its_own_port_and_ends_with_its_block(azurite: Azurite) -> None:
    """Two live side by side; after the block the port is free again."""
    with Azurite(main=azurite.main) as second:
        assert second.port != azurite.port
        socket.create_connection(("127.0.0.1", second.port), timeout=5).close()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", second.port), timeout=5)


@pytest.mark.azurite
def test_a_start_that_fails_shows_what_was_said(azurite: Azurite, tmp_path: Path) -> None:
    """A program that ends at once is reported with its output."""
    assert azurite.port
    broken = tmp_path / "main.js"
    broken.write_text("console.error('no room'); process.exit(1)", encoding="utf-8")

    with pytest.raises(AzuriteStartError, match="no room"), Azurite(main=broken):
        pass


def test_a_free_port_can_be_taken() -> None:
    """The port is there for whoever asks first."""
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        assert taken.getsockname()[1] > 0
