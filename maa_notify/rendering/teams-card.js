/* Draws an Adaptive Card as a message in a Teams channel, with Microsoft's renderer and markdown-it.
 * Everything that comes out of a card is put into the page by the renderer or as text, never as HTML of ours.
 */
"use strict";

const teamsCard = (() => {
  const markdown = window.markdownit();
  let mentions = [];

  AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
    result.outputHtml = mentions.reduce(
      (html, mention) => html.replaceAll(mention.written, mention.shown),
      markdown.render(text),
    );
    result.didProcess = true;
  };

  /** The people a card names in `msteams.entities`: how the renderer writes each, and how Teams shows them. */
  function mentionsOf(card) {
    const escape = markdown.utils.escapeHtml;
    return (card.msteams?.entities ?? [])
      .filter((entity) => entity?.type === "mention" && typeof entity.text === "string")
      .map((entity) => ({
        written: escape(entity.text),
        shown: `<span class="mention">${escape(entity.text.replace(/<\/?at>/g, ""))}</span>`,
      }));
  }

  function isSafe(address) {
    try {
      return new URL(address).protocol === "https:";
    } catch {
      return false;
    }
  }

  function follow(action) {
    if (action instanceof AdaptiveCards.OpenUrlAction && isSafe(action.url)) {
      window.open(action.url, "_blank", "noopener,noreferrer");
    }
  }

  /** Links in a card's text open a new tab that knows nothing of this one. */
  function tameLinks(drawn) {
    for (const link of drawn.querySelectorAll("a[href]")) {
      link.target = "_blank";
      link.rel = "noopener noreferrer";
      if (!isSafe(link.href)) link.removeAttribute("href");
    }
  }

  function draw(card, hostConfig) {
    const adaptiveCard = new AdaptiveCards.AdaptiveCard();
    adaptiveCard.hostConfig = new AdaptiveCards.HostConfig(hostConfig);
    adaptiveCard.onExecuteAction = follow;
    mentions = mentionsOf(card);
    try {
      adaptiveCard.parse(card);
      const drawn = adaptiveCard.render();
      tameLinks(drawn);
      return drawn;
    } catch (trouble) {
      console.error(trouble);
      const text = document.createElement("p");
      text.className = "message-trouble";
      text.textContent = card.fallbackText ?? "This card cannot be shown.";
      return text;
    }
  }

  function face() {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const bolt = document.createElementNS("http://www.w3.org/2000/svg", "path");
    svg.setAttribute("class", "message-face");
    svg.setAttribute("viewBox", "0 0 32 32");
    svg.setAttribute("aria-hidden", "true");
    bolt.setAttribute("d", "M17.8 6.5 9.4 17.3h5.2l-1.5 8.2 9-11.4h-5.6l1.3-7.6Z");
    svg.append(bolt);
    return svg;
  }

  /** The whole message: poster, time and card. */
  function message(card, hostConfig, when) {
    const article = document.createElement("article");
    const who = document.createElement("p");
    const name = document.createElement("b");
    const time = document.createElement("time");
    const frame = document.createElement("div");
    article.className = "message";
    who.className = "message-who";
    name.textContent = "Workflows";
    time.textContent = when;
    frame.className = card.msteams?.width?.toLowerCase() === "full" ? "message-card full" : "message-card";
    frame.append(draw(card, hostConfig));
    who.append(name, time);
    article.append(face(), who, frame);
    return article;
  }

  return { message };
})();

/** Shows cards one below the other and notes the height that each takes, for whoever takes its picture. */
function showCards(cards, hostConfig) {
  const places = cards.map((card) => {
    const place = document.createElement("section");
    place.className = "message-place";
    place.append(teamsCard.message(card, hostConfig, ""));
    return place;
  });
  document.getElementById("cards").append(...places);
  const heights = places.map((place) => Math.ceil(place.getBoundingClientRect().height));
  document.documentElement.dataset.heights = heights.join(" ");
}
