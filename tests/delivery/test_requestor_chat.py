"""The chat with the requestor: who is told what, and that nobody reads what is meant for somebody else."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from maa_notify.storage.records import OUTBOX
from maa_notify.storage.rows import Put
from tests.support.cards import text
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import reply

Make = Callable[..., Notifier]

MIRA, JONAS = "mira.holt@contoso.com", "jonas.lind@contoso.com"
ID = "a1f4c0de-0001-4c1e-8f00-000000000009"


@pytest.fixture
def notifier(make_notifier: Make, teams: FakeTeams) -> Notifier:
    """A default channel, and a flow that chats with requestors of all that happens."""
    chat = {
        "name": "chat",
        "to": "requestor",
        "webhook_url": teams.url_for("chat"),
        "events": ["created", "approved"],
    }
    return make_notifier(MAA_DESTINATIONS=json.dumps([chat]))


def filed_by(upn: str, notifier: Notifier, **fields: Any) -> dict[str, Any]:
    """A raw request of one person, who is told by account alone."""
    requestor = {"user": {"displayName": upn.partition("@")[0], "userPrincipalName": upn}}
    return make_request(now=notifier.clock.now(), requestor=requestor, **fields)


def chats(teams: FakeTeams) -> list[dict[str, Any]]:
    """Every message that the flow of the chats got, refused ones too."""
    path = teams.url_for("chat").removeprefix(teams.origin).partition("?")[0]
    return [call.json() for call in teams.calls if call.path == path]


def shown_in(message: dict[str, Any]) -> str:
    """All that is to be read in the card of a message."""
    [attachment] = message["attachments"]
    return text(attachment["content"])


def test_a_requestor_is_told_beside_the_channel(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """The flow learns whom to chat with, the channel gets its card as ever, without a recipient."""
    graph.requests = [filed_by(MIRA, notifier)]

    notifier.poll()

    [message] = chats(teams)
    [other] = [call.json() for call in teams.calls if call.json() != message]
    assert message["recipient"] == MIRA
    assert message["summary"] == message["attachments"][0]["content"]["fallbackText"]
    assert "recipient" not in other
    assert len(teams.cards_in("general")) == 1


@pytest.mark.parametrize(
    "requestor",
    [
        {
            "application": {
                "displayName": "fabrikam-release-pipeline",
                "id": "f5180412-0005-4052-8f00-000000000005",
            }
        },
        {"user": {"displayName": "Mira Holt"}},
        None,
    ],
    ids=["application", "name only", "nobody"],
)
def test_a_request_without_a_person_blocks_nothing(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, requestor: object
) -> None:
    """There is nobody to chat with; the channel hears of it, and so does the next requestor."""
    graph.requests = [
        make_request(now=notifier.clock.now(), requestor=requestor),
        filed_by(JONAS, notifier),
    ]

    report = notifier.poll()

    assert [message["recipient"] for message in chats(teams)] == [JONAS]
    assert (len(teams.cards_in("general")), report.pending) == (2, 0)


def test_a_digest_never_mixes_recipients(graph: FakeGraph, teams: FakeTeams, notifier: Notifier) -> None:
    """Two requestors with eight requests each, all at once: two digests, each with one person's only."""
    graph.requests = [
        filed_by(upn, notifier, payloadName=f"{upn.partition('.')[0]}-device-{number}")
        for number in range(8)
        for upn in (MIRA, JONAS)
    ]

    report = notifier.poll()

    assert [message["recipient"] for message in chats(teams)] in ([MIRA, JONAS], [JONAS, MIRA])
    for message in chats(teams):
        mine, other = ("mira", "jonas") if message["recipient"] == MIRA else ("jonas", "mira")
        assert shown_in(message).count(f"{mine}-device-") == 8
        assert other not in shown_in(message)
    assert report.pending == 0


def test_a_few_of_each_are_cards_of_their_own(graph: FakeGraph, teams: FakeTeams, notifier: Notifier) -> None:
    """What makes a digest is the number of one person's news, not of everybody's."""
    graph.requests = [filed_by(upn, notifier) for _ in range(3) for upn in (MIRA, JONAS)]

    notifier.poll()

    assert sorted(message["recipient"] for message in chats(teams)) == [JONAS] * 3 + [MIRA] * 3


def test_news_of_one_request_keep_their_order_when_the_account_is_told_late(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make
) -> None:
    """Graph first tells the id alone, then the account: the burst of the account overtakes nothing."""
    chat = {
        "name": "chat",
        "to": "requestor",
        "webhook_url": teams.url_for("chat"),
        "events": ["status_changed"],
    }
    notifier = make_notifier(MAA_DESTINATIONS=json.dumps([chat]), MAA_DIGEST_ABOVE="1")
    early = filed_by(MIRA, notifier, id="00000000-0000-4000-8000-000000000001")
    late = make_request(now=notifier.clock.now(), requestor={"user": {"id": ID}}, id=early["id"][:-1] + "2")
    graph.requests = [early, late]
    notifier.poll()
    teams.answer_all(reply(503), on="chat")
    for request in (early, late):
        request["status"] = "approved"
    notifier.poll_after(60)
    late["requestor"] = early["requestor"]
    late["status"] = "completed"
    notifier.poll_after(60)
    teams.answer_all(None, on="chat")
    before = len(chats(teams))

    notifier.poll_after(600)

    told = [(message["recipient"], shown_in(message)) for message in chats(teams)[before:]]
    # Whose turn it is first depends on the pauses, which are drawn: her other card may come with the last.
    assert [recipient for recipient, _ in told] in ([MIRA, ID, MIRA], [ID, MIRA])
    assert "Completed" in told[-1][1]


def test_a_chat_that_is_refused_is_no_news_for_logs(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, caplog: pytest.LogCaptureFixture
) -> None:
    """The card waits and comes later for the same person; no log line and no stored error says for whom."""
    caplog.set_level("DEBUG")
    graph.requests = [filed_by(MIRA, notifier)]
    teams.answer_all(reply(404), on="chat")
    notifier.poll()
    [waiting] = notifier.app.store.outbox.read_pending()
    teams.answer_all(None, on="chat")
    notifier.poll_after(60)

    assert waiting.value.recipient == MIRA
    assert MIRA not in waiting.value.last_error + caplog.text
    assert [message["recipient"] for message in chats(teams)] == [MIRA, MIRA]


def test_what_waits_from_before_an_update_is_still_delivered(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Rows that know of no recipient are those of channels."""
    graph.requests = [make_request(now=notifier.clock.now())]
    teams.answer_all(reply(404))
    notifier.poll()
    [held] = [
        each for each in notifier.app.store.outbox.read_pending() if each.value.destination == "default"
    ]
    rows = notifier.app.store.rows
    row = rows.get(OUTBOX + held.value.key)
    assert row is not None
    old = {name: value for name, value in json.loads(row.data).items() if name != "recipient"}
    rows.commit([Put(row.key, json.dumps(old))])
    teams.answer_all(None)

    notifier.poll_after(60)

    assert len(teams.cards_in("general")) == 1


def test_a_quiet_flow_gets_a_sign_of_life_for_nobody(teams: FakeTeams, notifier: Notifier) -> None:
    """It keeps Microsoft from switching the flow off, and names no recipient: the flow ends there."""
    notifier.poll()
    notifier.poll_after(31 * 86_400)

    [message] = chats(teams)
    assert "recipient" not in message


def test_a_chat_speaks_to_the_requestor(graph: FakeGraph, teams: FakeTeams, notifier: Notifier) -> None:
    """What waits is for an approver to decide: the channel is told that, the requestor whom to ask."""
    graph.requests = [filed_by(MIRA, notifier)]

    notifier.poll()

    [message], [card] = chats(teams), teams.cards_in("general")
    assert "Requestor: nobody has decided yet." in shown_in(message)
    assert "Approver: open Intune yourself" in text(card)
    assert "Approver" not in shown_in(message)


def test_a_digest_in_a_chat_speaks_to_the_requestor_too(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Eight requests of one person: one card, and nothing in it is addressed to approvers."""
    graph.requests = [filed_by(MIRA, notifier) for _ in range(8)]

    notifier.poll()

    [message] = chats(teams)
    assert "Requestor: nobody has decided yet." in shown_in(message)
    assert "Approvers" not in shown_in(message)
