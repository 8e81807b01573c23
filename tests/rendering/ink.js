/* Whose ink each pixel of a page holds, from pictures of the page with a few texts at a time. */
"use strict";

window.ink = (() => {
  const FAINT = 48;
  let base, owner, width, pictures;

  function begin() {
    base = owner = undefined;
    pictures = 0;
  }

  async function pixels(picture) {
    const image = new Image();
    image.src = `data:image/png;base64,${picture}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = width = image.width;
    canvas.height = image.height;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height).data;
  }

  /** The texts whose ink this one touches, each with a row where it does; the first picture is the empty page. */
  async function add(picture) {
    const drawn = await pixels(picture);
    if (base === undefined) {
      base = drawn;
      owner = new Int16Array(drawn.length / 4);
      return [];
    }
    pictures += 1;
    const touched = new Map();
    for (let place = 0; place < owner.length; place += 1) {
      const at = place * 4;
      const change =
        Math.abs(drawn[at] - base[at]) + Math.abs(drawn[at + 1] - base[at + 1]) + Math.abs(drawn[at + 2] - base[at + 2]);
      if (change > FAINT) {
        if (owner[place] !== 0) touched.set(owner[place] - 1, Math.floor(place / width));
        owner[place] = pictures;
      }
    }
    return [...touched];
  }

  const TEXTS = ".ac-textBlock, .ac-richTextBlock, .ac-pushButton";
  const textsOfCards = () =>
    [...document.querySelectorAll(".message-card")].map((card) => [...card.querySelectorAll(TEXTS)]);

  /** Hides everything but each so many-th text of each card, which keeps its place; nothing stays for -1. */
  function showOnly(wanted, rounds) {
    document.querySelectorAll("body *").forEach((each) => each.style.setProperty("visibility", "hidden", "important"));
    for (const text of textsOfCards().flatMap((texts) => texts.filter((_, place) => place % rounds === wanted)))
      for (const each of [text, ...text.querySelectorAll("*")])
        each.style.setProperty("visibility", "visible", "important");
  }

  return { begin, add, showOnly };
})();
