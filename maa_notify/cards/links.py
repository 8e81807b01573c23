"""Links on cards: addresses are ours or the operator's, and hold a checked id or number of a request."""

from maa_notify.cards import strings
from maa_notify.cards.context import CardContext
from maa_notify.cards.elements import Element, fact_of, run
from maa_notify.cards.text import plain
from maa_notify.domain.request import ApprovalRequest
from maa_notify.domain.risk import is_about_devices

_DEVICE = "#view/Microsoft_Intune_Devices/DeviceSettingsMenuBlade/~/overview/mdmDeviceId/"
"""Seen in many public clients of the admin centre, CIPP among them."""


def device_button(request: ApprovalRequest, approvals_url: str) -> list[tuple[str, str]]:
    """The title and address of the device's own page, while the request may still be stopped."""
    device_id, object_type = request.target.device_id, request.target.object_type
    if not device_id or request.is_closed or not is_about_devices(request.policy_types, object_type):
        return []
    return [(strings.SHOW_THE_DEVICE, f"{approvals_url.partition('#')[0]}{_DEVICE}{device_id}")]


def ticket_row(card: CardContext) -> list[Element]:
    """The ticket numbers in what was written, as links of the operator's; nothing where there are none."""
    if card.tickets is None:
        return []
    request = card.request
    texts = (plain(each, card.limits.quote) for each in (request.justification, request.approval_notes))
    runs = [
        run(number, selectAction={"type": "Action.OpenUrl", "title": number, "url": url})
        for number, url in card.tickets.found_in(*texts)
    ]
    separated = [part for each in runs for part in (run(", "), each)][1:]
    return [fact_of(strings.LABEL_TICKET, separated)] if runs else []
