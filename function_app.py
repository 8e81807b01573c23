"""The triggers of the Function App; everything else is in `maa_notify`."""

import gc
import os
from typing import List  # noqa: UP035 - as below

import azure.functions as func

gc.disable()  # a collection while modules load finds nothing to free, and takes its time

from maa_notify.functions import handlers as function
from maa_notify.settings.startup import commands_wanted, is_fleet, schedule_from

gc.enable()

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
on_schedule = app.timer_trigger(
    schedule=schedule_from(os.environ), arg_name="timer", run_on_startup=False, use_monitor=True
)
by_hand = app.route("poll", methods=[func.HttpMethod.POST], auth_level=func.AuthLevel.FUNCTION)


@app.function_name("health")
@app.route("health", methods=[func.HttpMethod.GET])
def health(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - it takes no parameters
    """Tells a monitor whether the notifier is well, in one word."""
    status, body = function.health()
    return func.HttpResponse(body, status_code=status, mimetype="application/json")


@app.function_name("health_details")
@app.route("health/details", methods=[func.HttpMethod.GET], auth_level=func.AuthLevel.FUNCTION)
def health_details(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - it takes no parameters
    """Tells whoever has the key how well it is, and what is wrong."""
    status, body = function.health_details()
    return func.HttpResponse(body, status_code=status, mimetype="application/json")


if is_fleet(os.environ):
    from maa_notify.fleet.messages import POISON_QUEUE, QUEUE
    from maa_notify.functions import fleet_handlers as triggers

    STORAGE = "AzureWebJobsStorage"
    Asks = func.Out[List[str]]  # noqa: UP006 - Microsoft's worker takes list[str] for no type

    @app.function_name("poll")
    @on_schedule
    @app.queue_output(arg_name="asks", queue_name=QUEUE, connection=STORAGE)
    def ask(timer: func.TimerRequest, asks: Asks) -> None:  # noqa: ARG001 - as below
        """Asks for a poll of each tenant."""
        asks.set(triggers.poll_messages())

    @app.function_name("poll_now")
    @by_hand
    @app.queue_output(arg_name="asks", queue_name=QUEUE, connection=STORAGE)
    def ask_now(req: func.HttpRequest, asks: Asks) -> func.HttpResponse:  # noqa: ARG001
        """Does the same by hand."""
        wanted = triggers.poll_messages()
        asks.set(wanted)
        return func.HttpResponse(f'{{"asked": {len(wanted)}}}', status_code=202, mimetype="application/json")

    @app.function_name("poll_tenant")
    @app.queue_trigger(arg_name="message", queue_name=QUEUE, connection=STORAGE)
    def poll_tenant(message: func.QueueMessage) -> None:
        """Polls the one tenant that a message asks for."""
        triggers.poll_tenant(message.get_body().decode(errors="replace"))

    @app.function_name("put_aside")
    @app.queue_trigger(arg_name="message", queue_name=POISON_QUEUE, connection=STORAGE)
    def poison_message(message: func.QueueMessage) -> None:
        """Says that a message was given up."""
        triggers.poison_message(message.get_body().decode(errors="replace"))

else:

    @app.function_name("poll")
    @on_schedule
    def poll(timer: func.TimerRequest) -> None:  # noqa: ARG001 - a late run does what a timely one does
        """Polls Graph once and delivers what is due."""
        function.run_poll()

    @app.function_name("poll_now")
    @by_hand
    def poll_now(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - it takes no parameters
        """Does the same by hand, or for a scheduler outside when the timer has stopped."""
        status, body = function.poll_now()
        return func.HttpResponse(body, status_code=status, mimetype="application/json")

    if commands_wanted(os.environ):

        @app.function_name("messages")
        @app.route("messages", methods=[func.HttpMethod.POST])
        def messages(req: func.HttpRequest) -> func.HttpResponse:
            """Answers somebody who asks in Teams."""
            status, body = function.messages(req.headers, req.get_body())
            kind = "application/json" if body else "text/plain"
            return func.HttpResponse(body, status_code=status, mimetype=kind)
