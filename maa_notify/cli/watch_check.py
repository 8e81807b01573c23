"""The check of `doctor` that tells which alerts of the watch can come."""

from maa_notify import app
from maa_notify.cli.finding import Finding
from maa_notify.identity.tokens import told_roles
from maa_notify.insight.watch.coverage import coverage

_CHECK = "watch"


def check_watch(notifier: app.App) -> Finding:
    """Each alert as on, or off with the reason.

    Raises:
        GraphError: there is no token.
    """
    settings = notifier.settings
    if not settings.watch:
        return Finding(_CHECK, "skipped", "off; MAA_WATCH=on tells who goes around approval")
    roles = told_roles(notifier.tokens.token(app.graph_scope(settings)).value)
    if roles is None:
        return Finding(_CHECK, "warning", "on; the token does not show which alerts can come")
    found = list(coverage(roles, settings.cloud.name))
    off = [f"{each.alert} is off: {each.off}" for each in found if each.off]
    on = [each.alert for each in found if not each.off]
    text = "; ".join([f"on: {', '.join(on) or 'none'}", *off])
    return Finding(_CHECK, "warning" if off else "ok", text)
