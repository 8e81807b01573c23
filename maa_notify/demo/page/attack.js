/* The attacker's steps in their order, with one button for the next one. */
"use strict";

const attack = (() => {
  const showPane = (name) => document.querySelector(`[data-show=${name}]`).click();
  let due = null;
  let shown = "";

  function line(step) {
    const item = make("li");
    const words = make("div");
    const rings = make("span", "", "Alert ");
    rings.append(make("code", "", step.rings));
    words.append(make("b", "", step.label), make("span", "", step.about), rings);
    if (step.done) words.prepend(make("span", "unseen", "Done:"));
    item.append(words);
    if (step.done) item.dataset.done = "";
    if (step === due) item.setAttribute("aria-current", "step");
    return item;
  }

  async function takeNext() {
    if (due === null) return;
    const { key, label } = due;
    if (await post(`/api/attack/${key}`)) say(`${label}: done`);
    else {
      /* The panel lies where it says what went wrong. */
      byId("attack").hidePopover();
      showPane("intune");
    }
  }

  /* The cards are what one is here to see, also where one pane is shown at a time. */
  function open() {
    byId("what-if").hidePopover();
    showPane("teams");
    byId("attack").showPopover();
    byId("next-step").focus();
  }

  function wire() {
    byId("play-attack").addEventListener("click", open);
    byId("next-step").addEventListener("click", takeNext);
  }

  return {
    show(steps) {
      const told = JSON.stringify(steps);
      if (told === shown) return;
      if (!shown) wire();
      shown = told;
      due = steps.find((each) => !each.done) ?? null;
      byId("steps").replaceChildren(...steps.map(line));
      byId("next-step").setAttribute("aria-disabled", String(due === null));
      byId("next-step").textContent = due ? "Next step" : "All steps were taken";
      byId("due-step").textContent = due ? due.label : "The last card tells the story.";
    },
  };
})();
