"""The triggers of the Function App; everything else is in `maa_notify`."""

import os

import azure.functions as func

from maa_notify import function
from maa_notify.bot.setup import commands_wanted
from maa_notify.settings import schedule_from

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.function_name("poll")
@app.timer_trigger(
    schedule=schedule_from(os.environ), arg_name="timer", run_on_startup=False, use_monitor=True
)
def poll(timer: func.TimerRequest) -> None:  # noqa: ARG001 - a late run does what a timely one does
    """Polls Graph once and delivers what is due."""
    function.run_poll()


@app.function_name("poll_now")
@app.route("poll", methods=[func.HttpMethod.POST], auth_level=func.AuthLevel.FUNCTION)
def poll_now(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - it takes no parameters
    """Does the same by hand, or for a scheduler outside when the timer has stopped."""
    status, body = function.poll_now()
    return func.HttpResponse(body, status_code=status, mimetype="application/json")


@app.function_name("health")
@app.route("health", methods=[func.HttpMethod.GET])
def health(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - it takes no parameters
    """Tells a monitor whether the notifier is well."""
    status, body = function.health()
    return func.HttpResponse(body, status_code=status, mimetype="application/json")


if commands_wanted(os.environ):

    @app.function_name("messages")
    @app.route("messages", methods=[func.HttpMethod.POST])
    def messages(req: func.HttpRequest) -> func.HttpResponse:
        """Answers somebody who asks in Teams."""
        status, body = function.messages(req.headers, req.get_body())
        return func.HttpResponse(body, status_code=status)
