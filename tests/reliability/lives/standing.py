"""What waits in the state store, and the cards that the notifier knows of, as people see them."""

from collections.abc import Iterator

from msgspec import Struct

from maa_notify.domain.event import EventKind, Look, storage_key
from maa_notify.domain.notification import APPROVER_CHAT, Notification
from maa_notify.storage.records import CARD, OUTBOX, StoredCard, decode
from maa_notify.storage.rows import prefix_end
from tests.reliability.lives.world import World


class Standing(Struct, frozen=True):
    """A card that the notifier knows of: of which request, where, what it shows, and where it stands."""

    destination: str
    request_id: str
    person: str
    revision: int
    status: str
    look: Look | None
    number: str

    @property
    def lines(self) -> set[tuple[str, str, str]]:
        """The lines of notifications that change it: its own, and that of what is for many."""
        return {(self.destination, self.request_id, whom) for whom in ("", self.person)}


def standing(world: World) -> Iterator[Standing]:
    """The cards of bots and in the chats with approvers whose place the notifier has written down."""
    ids = {storage_key(each): each for each in world.tenant.history}
    for row in list(world.rows.read(CARD, prefix_end(CARD))):
        destination, key, *person = row.key.removeprefix(CARD).split(":")
        number, request_id = decode(row, StoredCard).location.activity_id, ids.get(key, "")
        if destination == APPROVER_CHAT:
            event = world.chats.cards[number].shown[request_id]
            status = "" if event.kind is EventKind.NO_LONGER_LISTED else event.request.status
            yield Standing(destination, request_id, person[0], event.revision, status, event.look, number)
        elif (card := world.teams.cards.get((destination, number))) is not None and card.is_there:
            yield Standing(destination, request_id, "", card.revision, "", card.look, number)


def pending(world: World) -> list[Notification]:
    """What waits in the outbox."""
    return [decode(row, Notification) for row in list(world.rows.read(OUTBOX, prefix_end(OUTBOX)))]


def given_up(world: World) -> set[tuple[str, str, str]]:
    """The lines of which something was given up, or its person not reached."""
    left = world.chats.left.values()
    in_chats = {entry.notification.line for entry, _, is_dead in left if is_dead or entry.unreached}
    return in_chats | {(each.destination, each.request_id, "") for each in world.dead}
