/* What a visitor may let happen: a button for what happens once, a switch for what lasts. */
"use strict";

const situations = (() => {
  const switches = new Map();

  function words({ key, label, about }) {
    const text = make("div");
    const title = make("b", "", label);
    const says = make("span", "", about);
    title.id = `situation-${key}`;
    says.id = `about-${key}`;
    text.append(title, says);
    return text;
  }

  function button({ key, label }) {
    const element = make("button", "button small primary", "Go");
    element.type = "button";
    element.setAttribute("aria-label", `Go: ${label}`);
    element.addEventListener("click", async () => {
      if (await post(`/api/situations/${key}/begin`)) say(`${label}: done`);
    });
    return element;
  }

  function lasting({ key, label }) {
    const box = make("input");
    box.type = "checkbox";
    box.setAttribute("role", "switch");
    box.setAttribute("aria-label", label);
    box.addEventListener("change", () => post(`/api/situations/${key}/${box.checked ? "begin" : "end"}`));
    switches.set(key, box);
    return box;
  }

  function add(situation) {
    const line = make("li");
    const control = situation.on === null ? button(situation) : lasting(situation);
    control.setAttribute("aria-describedby", `about-${situation.key}`);
    line.append(words(situation), control);
    byId(situation.place).append(line);
  }

  return {
    show(all) {
      if (!byId("situations").childElementCount) all.forEach(add);
      for (const { key, on } of all) if (on !== null) switches.get(key).checked = on;
      const thoseOn = (place) => all.filter((each) => each.on && each.place === place);
      const troubles = thoseOn("situations");
      const faults = thoseOn("faults");
      byId("troubles").hidden = troubles.length === 0;
      byId("troubles").textContent = troubles.map((each) => each.label).join(", ");
      byId("broken").hidden = faults.length === 0;
      byId("broken").textContent = String(faults.length);
      const told = faults.length ? `: ${faults.length} broken` : "";
      byId("defence").setAttribute("aria-label", `Defence around approval${told}`);
    },
  };
})();
