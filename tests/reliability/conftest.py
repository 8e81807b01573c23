"""Both ways into a channel: what is promised of one is promised of the other."""

import pytest

from tests.support.ways import BotWay, Way, WebhookWay


@pytest.fixture(params=["webhook", "bot"])
def way(request: pytest.FixtureRequest) -> Way:
    """A channel behind a webhook, then one behind a bot."""
    if request.param == "bot":
        return BotWay(request.getfixturevalue("service"))
    return WebhookWay(request.getfixturevalue("teams"))
