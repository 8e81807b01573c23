"""What happens in a life, and how often."""

from dataclasses import dataclass

EVERYDAY = {
    "create": 5.0,
    "change": 6.0,
    "drop": 1.0,
    "relist": 1.0,
    "passes": 3.0,
    "set_back": 0.3,
    "poll": 9.0,
}
"""How often each act of a common life comes, against the others."""


@dataclass(frozen=True, slots=True)
class Chances:
    """How likely something happens.

    The first three are probabilities at each point of I/O. All others but the last five are weights of acts
    beside those of `EVERYDAY`; an act with the weight 0 never comes.

    Attributes:
        fault: an operation fails, for this once.
        kill: the process ends.
        change: a request takes another status.
        ill: one request at one destination, or one person, is not taken for a time or for ever; others are.
        down: a destination takes nothing for a time.
        slow: a destination takes every card for a time, and no answer comes.
        settings: the limit of digests, the plan of reminders, quiet hours or the events of a route change.
        leave: a destination is taken out of the settings.
        join: one that was taken out comes back, or there is a new one.
        away: a destination is taken out and comes back after some polls, in which a request leaves the list.
        hide: the list omits a request from now on, and only its id finds it.
        unfindable: three more are omitted, all change, and the look-up of one fails for a time or for ever.
        doubled: each list names one request twice, with different statuses in changing order, for a time.
        glitch: a request is nowhere to be found for a second, in which two polls come.
        ahead: the clock of the notifier is far ahead for one poll.
        off: the notifier is off for eight days, and a destination is down for its first poll after that.
        burst: sixty requests are filed at once.
        wave: all requests change at once.
        hours: an hour or two pass with a poll every few minutes.
        nights: there are quiet hours, and three days pass with a poll every hour.
        touch: somebody deletes the row of the settings in the state store.
        unpin: somebody deletes a bot's card in Teams.
        people: somebody joins those who can decide, or leaves them.
        looks: somebody says that they look at a request; also at points of I/O, as often as one changes.
        first_empty: the probability that the first list of a life is empty, whatever there is.
        shared: whether two destinations have one address.
        bots: whether what the bots' cards show is looked at, too.
        approvers: whether the bot writes to those who can decide.
        digests: whether it is looked at, too, that a digest whose answer was lost stays that digest.
    """

    fault: float = 0.0
    kill: float = 0.0
    change: float = 0.0
    ill: float = 0.0
    down: float = 0.0
    slow: float = 0.0
    settings: float = 0.0
    leave: float = 0.0
    join: float = 0.0
    away: float = 0.0
    hide: float = 0.0
    unfindable: float = 0.0
    doubled: float = 0.0
    glitch: float = 0.0
    ahead: float = 0.0
    off: float = 0.0
    burst: float = 0.0
    wave: float = 0.0
    hours: float = 0.0
    nights: float = 0.0
    touch: float = 0.0
    unpin: float = 0.0
    people: float = 0.0
    looks: float = 0.0
    first_empty: float = 0.0
    shared: bool = False
    bots: bool = False
    approvers: bool = False
    digests: bool = False

    def acts(self) -> dict[str, float]:
        """The weight of each act."""
        own = (
            "ill",
            "down",
            "slow",
            "settings",
            "leave",
            "join",
            "away",
            "hide",
            "unfindable",
            "doubled",
            "glitch",
            "ahead",
            "off",
            "burst",
            "wave",
            "hours",
            "nights",
            "touch",
            "unpin",
            "people",
            "looks",
        )
        return EVERYDAY | {name: getattr(self, name) for name in own}
