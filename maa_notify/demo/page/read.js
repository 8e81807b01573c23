/* Shows a page of the documentation, which the demo serves as it stands in the repository. HTML in it stays text. */
"use strict";

/** The name of a heading in links, as GitHub makes it. */
function anchor(text) {
  return text.trim().toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}

async function read() {
  const place = document.getElementById("text");
  const answer = await fetch(location.pathname.replace("/read/", "/text/"));
  if (!answer.ok) {
    place.textContent = "This page is not there.";
    return;
  }
  place.innerHTML = window.markdownit().render(await answer.text());
  for (const picture of place.querySelectorAll("img")) picture.remove();
  for (const block of place.querySelectorAll("pre")) block.tabIndex = 0;
  for (const heading of place.querySelectorAll("h1, h2, h3, h4")) heading.id = anchor(heading.textContent);
  document.title = `${place.querySelector("h1")?.textContent ?? "MAA Notify"} · MAA Notify`;
  document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

read();
