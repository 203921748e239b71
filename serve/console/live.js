// Keeps a page live: the server says that its contents have changed, and the page is fetched anew and
// put in place of the old contents, unless somebody types there. Without this script pages are as
// they were when they were opened.
"use strict";
const main = document.querySelector("main[data-live]");
if (main && window.EventSource) {
  const at = new URL(location.href);
  at.searchParams.set("format", "events");
  const events = new EventSource(at);
  events.addEventListener("changed", async () => {
    const focused = document.activeElement;
    if (document.hidden || (main.contains(focused) && focused.matches("input"))) return;
    const answer = await fetch(location.href);
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const scrolled = [...main.querySelectorAll(".scroll")].map(one => one.scrollLeft);
    main.replaceChildren(...page.querySelector("main").childNodes);
    main.querySelectorAll(".scroll").forEach((one, i) => { one.scrollLeft = scrolled[i] || 0; });
  });
}
