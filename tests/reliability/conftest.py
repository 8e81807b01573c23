"""Runs tests with a channel behind a webhook and one behind a bot: both keep the same promises."""

import pytest

from tests.support.channels import FakeBotChannel, FakeChannel, FakeWebhookChannel


@pytest.fixture(params=["webhook", "bot"])
def channel(request: pytest.FixtureRequest) -> FakeChannel:
    """A channel behind a webhook, then one behind a bot."""
    if request.param == "bot":
        return FakeBotChannel(request.getfixturevalue("service"))
    return FakeWebhookChannel(request.getfixturevalue("teams"))
