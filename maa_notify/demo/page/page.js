/* The demo page. What comes from the server reaches the page as text; cards are drawn by teams-card.js. */
"use strict";

const byId = (id) => document.getElementById(id);

const ACTIONS = {
  approve: { label: "Approve…", look: "good", asks: true, title: "Approve", notes: "Checked with the requestor" },
  reject: { label: "Reject…", look: "bad", asks: true, title: "Reject", notes: "Needs a risk owner first" },
  complete: { label: "Complete", look: "good" },
  cancel: { label: "Cancel", look: "plain" },
  expire: { label: "Expire", look: "plain" },
};

const clockTime = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short" });

/** An element with a class and text. */
function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/* The time of the demo, which a visitor may have moved on. */
let ahead = 0;
const demoNow = () => Date.now() + ahead * 1000;

/** A time of day, with the weekday unless it is today's on this machine. */
function moment(when) {
  const date = new Date(when);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? clockTime.format(date) : `${weekday.format(date)} ${clockTime.format(date)}`;
}

function say(text) {
  byId("live").textContent = text;
}

/* Light and dark */

const theme = (() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const listeners = [];
  const stored = { get: () => null, set: () => {} };
  try {
    const store = window.localStorage;
    stored.get = () => store.getItem("maa-demo-theme");
    stored.set = (value) => store.setItem("maa-demo-theme", value);
  } catch {
    /* Without storage the choice lasts as long as the page. */
  }
  let chosen = stored.get();

  const current = () => chosen ?? (system.matches ? "dark" : "light");

  function apply() {
    const name = current();
    document.documentElement.dataset.theme = name;
    for (const sheet of document.querySelectorAll("link[data-teams]")) {
      sheet.disabled = sheet.dataset.teams !== name;
    }
    byId("theme").setAttribute("aria-label", `Use the ${name === "dark" ? "light" : "dark"} theme`);
    for (const listener of listeners) listener();
  }

  byId("theme").addEventListener("click", () => {
    chosen = current() === "dark" ? "light" : "dark";
    stored.set(chosen);
    apply();
  });
  system.addEventListener("change", apply);
  apply();
  return { current, onChange: (listener) => listeners.push(listener) };
})();

/* Talking to the server */

async function post(path, body = {}) {
  const alert = byId("alert");
  alert.hidden = true;
  let trouble = "The demo does not answer. Is it still running?";
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (answer.ok) return true;
    trouble = (await answer.json()).error;
  } catch {
    /* The sentence above says it. */
  }
  alert.textContent = trouble;
  alert.hidden = false;
  return false;
}

/* Narrow screens show one pane at a time */

const tabs = (() => {
  let unread = 0;
  const buttons = [...document.querySelectorAll("[data-show]")];
  const badge = byId("unread");

  function show(name) {
    document.body.dataset.tab = name;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.show === name));
    if (name === "teams") {
      unread = 0;
      badge.hidden = true;
      channel.toEnd();
    }
  }

  for (const button of buttons) button.addEventListener("click", () => show(button.dataset.show));

  return {
    cardCame() {
      if (document.body.dataset.tab === "teams") return;
      unread += 1;
      badge.hidden = false;
      badge.textContent = String(unread);
      badge.setAttribute("aria-label", `${unread} new cards`);
    },
  };
})();

/* The Teams channel */

const channel = (() => {
  const list = byId("messages");
  const scroll = byId("channel-scroll");
  const jump = byId("jump");
  const posted = new Map();
  const configs = { light: null, dark: null };
  const waiting = [];
  let following = true;
  let landed = 0;

  const nearEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;

  /** Shows the latest card: its end, or its head where it is taller than the pane. */
  function toEnd() {
    const latest = list.lastElementChild;
    const head = latest ? latest.offsetTop - 16 : 0;
    scroll.scrollTop = Math.min(scroll.scrollHeight - scroll.clientHeight, head);
    landed = scroll.scrollTop;
    following = true;
    jump.hidden = true;
  }

  function draw(post) {
    const message = teamsCard.message(post.card, configs[theme.current()], moment(post.arrived));
    if (post.recipient) {
      message.classList.add("chat");
      message.querySelector(".message-who").append(make("span", "chat-with", `Chat with ${post.recipient}`));
    }
    return message;
  }

  /** What a card is about: its first two lines, the news and what it is about. */
  function titleOf(message) {
    const lines = [...message.querySelectorAll(".ac-richTextBlock, .ac-textBlock")].slice(0, 2);
    return lines.map((line) => line.textContent.trim()).join(": ");
  }

  function add(post) {
    if (posted.has(post.number)) return;
    if (!configs.dark) {
      waiting.push(post);
      return;
    }
    const item = make("li", "message-place");
    const message = draw(post);
    const where = post.recipient ? `Chat with ${post.recipient}` : `Card ${post.number}`;
    const headline = titleOf(message);
    message.setAttribute("aria-label", `${where}: ${headline}`);
    item.append(message);
    posted.set(post.number, { post, item });
    list.append(item);
    byId("no-cards").hidden = true;
    if (following) toEnd();
    else jump.hidden = false;
    tabs.cardCame();
    say(`New card ${post.recipient ? "in a chat" : "in the channel"}: ${headline}`);
  }

  function redraw() {
    for (const { post, item } of posted.values()) {
      const message = draw(post);
      message.setAttribute("aria-label", item.firstChild.getAttribute("aria-label"));
      item.replaceChildren(message);
    }
    if (following) toEnd();
  }

  async function start() {
    for (const name of Object.keys(configs)) {
      configs[name] = await (await fetch(`/assets/teams-${name}.json`)).json();
    }
    waiting.splice(0).forEach(add);
  }

  jump.addEventListener("click", () => toEnd());
  scroll.addEventListener("scroll", () => {
    following = nearEnd() || Math.abs(scroll.scrollTop - landed) < 8;
    if (following) jump.hidden = true;
  });
  /** Says what an empty channel means: quiet, or that the cards go elsewhere. */
  function explain(playground) {
    const empty = byId("no-cards");
    if (!playground) {
      empty.textContent = "The channel is quiet. A card appears here within seconds of a request.";
      return;
    }
    if (empty.querySelector("a")) return;
    const link = make("a", "", "Microsoft’s Agents Playground");
    link.href = playground;
    link.target = "_blank";
    link.rel = "noopener";
    byId("teams-title").textContent = "Cards come by the bot";
    byId("teams-where").textContent = "Agents Playground · Announcements";
    empty.replaceChildren("The cards go to ", link, ". Open the channel Announcements there: the tour begins when you do.");
  }

  theme.onChange(redraw);
  return { add, explain, start, toEnd };
})();

/* Deciding as an approver */

const decide = (() => {
  const dialog = byId("decide");
  let people = new Map();
  let pending = null;

  function open(request, action) {
    const how = ACTIONS[action];
    pending = { request, action };
    byId("decide-title").textContent = `${how.title} ${request.title}`;
    byId("decide-about").textContent = `${request.policy}, asked for by ${request.requestor}`;
    byId("decide-go").textContent = how.title;
    byId("notes").value = how.notes;
    byId("by").replaceChildren(...request.approvers.map((key) => new Option(people.get(key) ?? key, key)));
    byId("by").value = request.approvers.find((key) => key === "aiko") ?? request.approvers[0];
    dialog.returnValue = "";
    dialog.showModal();
    byId("notes").focus();
  }

  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "go" || !pending) return;
    const { request, action } = pending;
    post(`/api/requests/${request.id}/${action}`, { by: byId("by").value, notes: byId("notes").value });
  });

  return {
    open,
    know(approvers) {
      people = new Map(approvers.map((person) => [person.key, person.name]));
    },
  };
})();

/* The list of requests */

const requests = (() => {
  const list = byId("requests");
  const shown = new Map();
  let first = true;

  function timeLeft(request) {
    const minutes = Math.max(0, Math.round((new Date(request.expires) - demoNow()) / 60000));
    const days = Math.floor(minutes / 1440);
    const hours = Math.floor((minutes % 1440) / 60);
    if (days) return hours ? `${days} d ${hours} h left` : `${days} days left`;
    return hours ? `${hours} h ${minutes % 60} min left` : `${minutes} min left`;
  }

  function facts(request) {
    const parts = [request.policy, request.requestor, `asked ${moment(request.requested)}`];
    if (request.actions.length) parts.push(timeLeft(request));
    return parts.join(" · ");
  }

  function button(request, action) {
    const how = ACTIONS[action];
    const element = make("button", `button small ${how.look}`, how.label);
    element.type = "button";
    element.dataset.action = action;
    element.setAttribute("aria-label", `${how.label} ${request.title}`);
    element.addEventListener("click", () => {
      if (how.asks) decide.open(request, action);
      else post(`/api/requests/${request.id}/${action}`);
    });
    return element;
  }

  function fill(item, request) {
    const head = make("div", "request-head");
    const status = make("span", "status", request.statusLabel);
    const actions = make("div", "row actions");
    status.dataset.status = request.status;
    head.append(make("h3", "", request.title), status);
    actions.append(...request.actions.map((action) => button(request, action)));
    item.replaceChildren(head, make("p", "facts", facts(request)), make("p", "why", request.justification));
    if (request.notes) {
      const who = request.approver || "Approver";
      item.append(make("p", "notes", `${who}: ${request.notes}`));
    }
    item.append(actions);
  }

  function update(request) {
    const known = shown.get(request.id);
    const written = JSON.stringify(request);
    if (known?.written === written) return known.item;
    const item = known?.item ?? make("li", "request");
    const hadFocus = item.contains(document.activeElement);
    item.tabIndex = -1;
    item.dataset.id = request.id;
    fill(item, request);
    if (hadFocus) item.focus();
    if (!first) {
      item.classList.remove("fresh");
      requestAnimationFrame(() => item.classList.add("fresh"));
      say(`${request.title}: ${request.statusLabel}`);
    }
    shown.set(request.id, { written, request, item });
    return item;
  }

  function show(all) {
    const items = all.map(update);
    items.forEach((item, index) => {
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
    });
    for (const [id, { item }] of shown) {
      if (!items.includes(item)) {
        item.remove();
        shown.delete(id);
      }
    }
    byId("no-requests").hidden = all.length > 0;
    first = false;
  }

  function tick() {
    for (const { request, item } of shown.values()) item.querySelector(".facts").textContent = facts(request);
  }

  setInterval(tick, 30000);
  return { show, tick };
})();

/* Asking for a change */

const ask = (() => {
  const form = byId("ask");
  const toggle = byId("new");
  let samples = null;

  function open(yes) {
    form.hidden = !yes;
    toggle.setAttribute("aria-expanded", String(yes));
    if (yes) {
      form.scrollIntoView({ block: "nearest" });
      byId("kind").focus();
    } else toggle.focus();
  }

  function suggest() {
    const sample = samples.get(byId("kind").value);
    byId("requestor").value = sample.requestor;
    byId("justification").value = sample.justification;
  }

  toggle.addEventListener("click", () => open(form.hidden));
  byId("ask-close").addEventListener("click", () => open(false));
  byId("kind").addEventListener("change", suggest);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") open(false);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const sent = await post("/api/requests", {
      kind: byId("kind").value,
      requestor: byId("requestor").value,
      justification: byId("justification").value,
    });
    if (sent) open(false);
  });

  return {
    know(choices) {
      if (samples) return;
      samples = new Map(choices.samples.map((sample) => [sample.kind, sample]));
      byId("kind").replaceChildren(...choices.samples.map((sample) => new Option(sample.label, sample.kind)));
      byId("requestor").replaceChildren(...choices.requestors.map((who) => new Option(who.name, who.key)));
      suggest();
    },
  };
})();

/* What the notifier does, and the tour */

/** The time of the demo, once it is no longer that of the machine. */
function shownTime() {
  return ahead >= 3600 ? `. It is ${moment(demoNow())}, ${Math.round(ahead / 3600)} h ahead` : "";
}

function showNotifier(notifier) {
  const { every, running, log } = notifier;
  const state = running ? "running" : every === null ? "waiting" : "stopped";
  const what = {
    running: `The notifier polls Graph every ${every} s and posts to Teams${shownTime()}`,
    waiting: "The notifier has not been started",
    stopped: "The notifier has ended",
  };
  byId("strip").dataset.state = state;
  byId("what").textContent = what[state];
  byId("line").textContent = log.at(-1) ?? "";
  const full = byId("log");
  const follow = full.scrollHeight - full.scrollTop - full.clientHeight < 24;
  full.textContent = log.join("\n") || "No line yet.";
  if (follow) full.scrollTop = full.scrollHeight;
}

const tour = (() => {
  const button = byId("tour");
  let running = false;
  button.addEventListener("click", () => post(`/api/scenario/${running ? "stop" : "start"}`));
  return {
    show(scenario) {
      running = scenario.running;
      button.textContent = running ? "Stop the tour" : "Play the tour";
      if (running) button.append(make("span", "count", ` (${scenario.played}/${scenario.steps})`));
      byId("over").hidden = running || scenario.played < scenario.steps;
    },
  };
})();

/* From what is real to what comes next: one after the other, not on top of it */

byId("about-connect").addEventListener("click", () => {
  byId("about").hidePopover();
  byId("connect").showPopover();
  byId("connect").querySelector("a").focus();
});

/* The permissions of the notifier */

/* A switch with its label in a list; `change` hears whether it is on */
function addSwitch(list, label, detail, change) {
  const box = make("input");
  const line = make("label", "permission");
  const words = make("span", "", label);
  if (detail) words.append(make("code", "", detail));
  box.type = "checkbox";
  box.setAttribute("role", "switch");
  box.setAttribute("aria-label", label);
  box.addEventListener("change", () => change(box.checked));
  line.append(words, box);
  byId(list).append(line);
  return box;
}

const permissions = (() => {
  const switches = new Map();

  function add({ family, label, permission }) {
    const change = (on) => post(`/api/permissions/${family}/${on ? "grant" : "remove"}`);
    switches.set(family, addSwitch("families", label, permission, change));
  }

  return {
    show(all) {
      const missing = all.filter((each) => !each.granted);
      for (const each of all) {
        if (!switches.has(each.family)) add(each);
        switches.get(each.family).checked = each.granted;
      }
      byId("missing").hidden = missing.length === 0;
      byId("missing").textContent = `−${missing.length}`;
      byId("rights").title = missing.length ? `Missing: ${missing.map((each) => each.label).join(", ")}` : "";
    },
  };
})();

/* The approver group */

const group = (() => {
  const switches = new Map();

  return {
    show(people) {
      const inside = people.filter((each) => each.member);
      for (const { key, name, member } of people) {
        const change = (on) => post(`/api/group/${key}/${on ? "add" : "remove"}`);
        if (!switches.has(key)) switches.set(key, addSwitch("people", name, "", change));
        switches.get(key).checked = member;
      }
      byId("deciding").hidden = inside.length > 0;
      byId("deciding").textContent = "0";
    },
  };
})();

/* The stream that feeds it all */

function listen() {
  const stream = new EventSource("/api/stream");
  let session = null;
  stream.addEventListener("card", (event) => channel.add(JSON.parse(event.data)));
  stream.addEventListener("state", (event) => {
    const state = JSON.parse(event.data);
    if (session !== null && session !== state.session) location.reload();
    session = state.session;
    decide.know(state.choices.approvers);
    ask.know(state.choices);
    const wasAhead = ahead;
    ahead = state.ahead;
    channel.explain(state.playground);
    situations.show(state.situations);
    attack.show(state.attack);
    requests.show(state.requests);
    if (ahead !== wasAhead) requests.tick();
    showNotifier(state.notifier);
    tour.show(state.scenario);
    permissions.show(state.permissions);
    group.show(state.group);
  });
  stream.addEventListener("error", () => {
    byId("strip").dataset.state = "stopped";
    byId("what").textContent = "The demo has stopped, or cannot be reached";
  });
}

listen();
channel.start();
