"""Runs tests with a channel behind a webhook and one behind a bot: both keep the same promises."""

import logging
from collections.abc import Iterator

import pytest

from tests.support.channels import FakeBotChannel, FakeChannel, FakeWebhookChannel


@pytest.fixture(params=["webhook", "bot"])
def channel(request: pytest.FixtureRequest) -> FakeChannel:
    """A channel behind a webhook, then one behind a bot."""
    if request.param == "bot":
        return FakeBotChannel(request.getfixturevalue("service"))
    return FakeWebhookChannel(request.getfixturevalue("teams"))


@pytest.fixture
def silence() -> Iterator[None]:
    """Thousands of lives log millions of lines, and pytest would keep them all."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
