"""Sample notices of the daily look at the defence around approval, for `preview` and the gallery.

Every name in them is invented. A test holds them beside what the look tells of a tenant like that.
"""

from datetime import datetime

from maa_notify.domain.event import POSTURE, Fact, Notice, NoticeKind
from maa_notify.domain.risk import Risk

_SUBJECT = "posture:tenant"
_TEXT = "What keeps one stolen account from approving by itself was checked."
_STEP = (
    "Administrator: maa-notify posture shows every finding, and with --check the steps that mend it. What has"
    " to stay so goes into MAA_POSTURE_ACCEPT."
)
_TODAY = "Three accounts can defeat approval today: “Break glass 1”, “Break glass 2” and “Lena Roth”."


def posture_opened(now: datetime) -> Notice:
    """What broke since yesterday, beside something that was mended."""
    ways = "One application may, where an access policy excludes it or none applies: “inventory-sync”."
    wipes = "DeviceManagementManagedDevices.PrivilegedOperations.All"
    opened = (
        "P11 high: users may consent to any application for themselves",
        f"P15 medium: “inventory-sync” holds {wipes}; signs in with a secret instead of a certificate",
    )
    return Notice(
        NoticeKind.FINDING,
        _SUBJECT,
        2,
        now,
        "The defence around approval: 2 new findings, 1 mended",
        _TEXT,
        (
            *(Fact("New since yesterday", each) for each in opened),
            Fact("Mended", "P12 no longer so: the admin consent workflow has no reviewers"),
            Fact("Open now", "2 findings"),
            Fact("Today", f"{_TODAY} {ways}"),
        ),
        _STEP,
        Risk.HIGH,
        words=(POSTURE,),
    )


def posture_mended(now: datetime) -> Notice:
    """Nothing broke, and something was mended."""
    return Notice(
        NoticeKind.RESOLVED,
        _SUBJECT,
        3,
        now,
        "The defence around approval: 1 mended",
        _TEXT,
        (
            Fact("Mended", "P11 no longer so: users may consent to any application for themselves"),
            Fact("Open now", "0 findings"),
            Fact("Today", _TODAY),
        ),
        words=(POSTURE,),
    )
