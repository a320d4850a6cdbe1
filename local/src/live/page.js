// Takes in each second what has changed. What has not stays as it is, with its focus, what is selected of it and how far it is scrolled.
"use strict";

{
  const PAUSE_MS = 1000;
  const PATIENCE_MS = 3000;
  const main = document.querySelector("#now");
  const gone = document.querySelector("#gone");
  const isUnavailable = (button) => button.getAttribute("aria-disabled") === "true";

  /** What somebody selects an end of is left alone until it is copied. */
  const isSelected = (node) => {
    const selection = getSelection();
    return !selection.isCollapsed && [selection.anchorNode, selection.focusNode].some((end) => node.contains(end));
  };

  function renew(old, now) {
    if (old.isEqualNode(now)) return;
    const [inside, wanted] = [[...old.childNodes], [...now.childNodes]];
    if (old.nodeName !== now.nodeName || inside.length !== wanted.length) {
      if (!isSelected(old)) old.replaceWith(now);
    } else if (old.nodeType === Node.TEXT_NODE) {
      if (!isSelected(old)) old.data = now.data;
    } else {
      for (const { name, value } of now.attributes) old.setAttribute(name, value);
      inside.forEach((node, place) => renew(node, wanted[place]));
    }
  }

  // A button that is disabled loses the focus: this one only says so.
  const setUnavailable = () => main.querySelector("form button").setAttribute("aria-disabled", "true");

  /** An alert is heard when it gets its text. */
  function tell(isGone) {
    const text = isGone ? gone.dataset.text : "";
    if (gone.textContent !== text) gone.textContent = text;
    if (isGone) setUnavailable();
  }

  async function ask() {
    try {
      const answer = await fetch("/now", { signal: AbortSignal.timeout(PATIENCE_MS) });
      if (!answer.ok) throw new Error(answer.statusText);
      const fresh = document.createElement("template");
      fresh.innerHTML = await answer.text();
      renew(main, fresh.content.firstElementChild);
      tell(false);
    } catch {
      tell(true);
    }
    setTimeout(ask, PAUSE_MS);
  }
  setTimeout(ask, PAUSE_MS);

  document.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isUnavailable(event.submitter)) return;
    setUnavailable();
    try {
      await fetch(event.target.action, { method: "POST", redirect: "manual", signal: AbortSignal.timeout(PATIENCE_MS) });
    } catch {
      tell(true);
    }
  });
}
