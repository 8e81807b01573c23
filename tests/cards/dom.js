/* What the tests ask of cards that the real renderer has drawn. Each function answers for every card of the page. */
"use strict";

window.drawn = (() => {
  const cards = () => [...document.querySelectorAll(".message-card")];
  const elements = (card) => [...card.querySelectorAll("*")];

  function textNodes(card) {
    const walker = document.createTreeWalker(card, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) if (walker.currentNode.data.trim()) found.push(walker.currentNode);
    return found;
  }

  const isOfRun = (node) => node.parentElement.closest(".ac-richTextBlock") !== null;

  /** The elements with their classes, the texts of runs, all other text, and the markup as a whole. */
  const anatomy = () => cards().map((card) => ({
    skeleton: elements(card).map((each) => `${each.tagName} ${each.className}`).join("\n"),
    runs: [...card.querySelectorAll(".ac-richTextBlock")].map((block) => block.textContent),
    elsewhere: textNodes(card).filter((node) => !isOfRun(node)).map((node) => node.data).join("\n"),
    attributes: elements(card).flatMap((each) => [...each.attributes].map((one) => `${one.name}=${one.value}`)),
    markup: card.outerHTML,
    hidden: textNodes(card).filter((node) => !node.parentElement.checkVisibility()).map((node) => node.data),
  }));

  /** What reaches beyond its box or beyond its card. */
  const overflowing = () => cards().map((card) => {
    const right = card.getBoundingClientRect().right + 0.5;
    const isTooWide = (each) =>
      (each.clientWidth > 0 && each.scrollWidth > each.clientWidth) || each.getBoundingClientRect().right > right;
    return [card, ...elements(card)].filter(isTooWide).map((each) => `${each.className}: ${each.textContent}`);
  });

  function colour(text) {
    const [red, green, blue, alpha = 1] = text.match(/[\d.]+/g).map(Number);
    return [red, green, blue, alpha];
  }

  const over = ([r, g, b, alpha], under) =>
    [r, g, b].map((each, place) => each * alpha + under[place] * (1 - alpha));

  /** The colour behind an element: the backgrounds of it and of what it stands in, the outermost lowest. */
  function behind(element) {
    if (element === null) return [255, 255, 255];
    const style = getComputedStyle(element);
    if (style.backgroundImage !== "none") throw new Error(`${element.className} has a background image`);
    return over(colour(style.backgroundColor), behind(element.parentElement));
  }

  function luminance(rgb) {
    const [red, green, blue] = rgb
      .map((each) => each / 255)
      .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function opacity(element) {
    return element === null ? 1 : Number(getComputedStyle(element).opacity) * opacity(element.parentElement);
  }

  /** The contrast of each text by WCAG 2.1, and whether it counts as large there. */
  const contrasts = () => cards().map((card) => textNodes(card).map((node) => {
    const style = getComputedStyle(node.parentElement);
    const back = behind(node.parentElement);
    const [red, green, blue, alpha] = colour(style.color);
    const front = over([red, green, blue, alpha * opacity(node.parentElement)], back);
    const [dim, bright] = [luminance(front), luminance(back)].sort((one, other) => one - other);
    const size = parseFloat(style.fontSize);
    return {
      text: node.data.trim(),
      ratio: (bright + 0.05) / (dim + 0.05),
      isLarge: size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700),
      colours: `rgb(${front.map(Math.round)}) on rgb(${back.map(Math.round)})`,
    };
  }));

  /** What the renderer objects to when it reads a card. */
  function objections(card) {
    const context = new AdaptiveCards.SerializationContext();
    const read = new AdaptiveCards.AdaptiveCard();
    read.parse(card, context);
    const parsed = Array.from({ length: context.eventCount }, (_, place) => context.getEventAt(place).message);
    const checked = read.validateProperties().validationEvents.map((event) => event.message);
    return [...parsed, ...checked];
  }

  return { anatomy, overflowing, contrasts, objections };
})();
