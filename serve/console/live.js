// Keeps a page live: the server says that its contents have changed, and the page is fetched anew
// and put in place of the old contents: when nobody types, has the focus there or has marked a text,
// and while the page is seen. A hidden page asks for nothing. Without this script pages are as they
// were when they were opened.
"use strict";
// Puts a button behind each command that copies it.
const offerCopies = () => {
  if (!navigator.clipboard) return; // only at loopback addresses and with TLS
  for (const code of document.querySelectorAll("code[data-copy]:not(:has(+ button.copy))")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small copy";
    button.textContent = code.dataset.copy;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = code.dataset.copied;
    });
    code.after(button);
  }
};
offerCopies();

const main = document.querySelector("main[data-live]");
if (main && window.EventSource) {
  const at = new URL(location.href);
  at.searchParams.set("format", "events");
  let events = null; // while the page is seen
  const idOf = one => one.querySelector("footer")?.dataset.id; // a page without figures has none
  let shown = idOf(document); // the id of the contents that stand here
  let owed = false; // others were told of

  const busy = () => {
    const focused = document.activeElement;
    return document.hidden || !getSelection().isCollapsed ||
      (main.contains(focused) && !focused.matches(".scroll"));
  };

  const replace = text => {
    const page = new DOMParser().parseFromString(text, "text/html");
    const before = [...main.querySelectorAll(".scroll")];
    const focused = before.indexOf(document.activeElement);
    const scrolled = before.map(one => [one.scrollLeft, one.scrollTop]);
    shown = idOf(page);
    main.replaceChildren(...page.querySelector("main").childNodes);
    main.querySelectorAll(".scroll").forEach((one, i) => {
      [one.scrollLeft, one.scrollTop] = scrolled[i] || [0, 0];
      if (i === focused) one.focus({preventScroll: true});
    });
    offerCopies();
    document.dispatchEvent(new Event("replaced")); // for charts.js
  };

  // Asks again at the next answer of the events, which come every 2 s, when it could not be done.
  const bring = async () => {
    if (!owed || busy()) return;
    owed = false;
    try {
      const answer = await fetch(location.href);
      const text = await answer.text();
      if ((answer.ok || answer.status === 404) && !busy()) replace(text);
      else owed = true;
    } catch {
      owed = true;
    }
  };

  const told = event => {
    owed = event.data !== shown;
    bring();
  };

  const listen = () => {
    if (document.hidden) {
      if (events) events.close();
      events = null;
    } else if (!events) {
      events = new EventSource(at);
      events.addEventListener("open", bring);
      events.addEventListener("known", told);
      events.addEventListener("changed", told);
    }
  };
  document.addEventListener("visibilitychange", listen);
  listen();
}

// The form of weights on the page `try`: what is typed is tried at once, and the other forms and the
// address take the weights along.
const form = document.querySelector("form[data-now]");
if (form) {
  let timer = null;

  const carry = (other, name, value) => {
    let field = other.querySelector(`input[type=hidden][name="${name}"]`);
    if (!field) {
      field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      other.append(field);
    }
    field.value = value;
  };

  const show = async () => {
    const at = new URL(form.action);
    at.search = new URLSearchParams(new FormData(form));
    const answer = await fetch(at);
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const made = page.querySelector("[data-made]");
    if (!made) return;
    document.querySelector("[data-made]").replaceChildren(...made.childNodes);
    history.replaceState(null, "", at);
    for (const other of document.querySelectorAll("main form:not([data-now], [data-made] form)"))
      for (const field of form.querySelectorAll("input[type=number]"))
        carry(other, field.name, field.value);
  };

  form.addEventListener("input", () => {
    clearTimeout(timer);
    if (form.checkValidity()) timer = setTimeout(() => show().catch(() => {}), 250);
  });
}
