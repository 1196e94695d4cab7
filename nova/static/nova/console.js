// What the console's pages do by themselves: the one search at a key, copying, and the live tail.
(() => {
  "use strict";

  const isWriting = (target) =>
    target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);

  document.addEventListener("keydown", (event) => {
    const field = document.getElementById("nova-find");
    if (!field || event.key !== "t" || event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
    event.preventDefault();
    field.focus();
    field.select();
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const said = button.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
    } catch {
      // Where the browser lets no page write there, it is shown to be copied by hand.
      window.prompt("Copy this:", button.dataset.copy);
    }
    setTimeout(() => { button.textContent = said; }, 1500);
  });

  const cell = (row, text, href) => {
    const made = row.insertCell();
    if (href) {
      const link = document.createElement("a");
      link.href = href;
      link.textContent = text;
      made.append(link);
    } else made.textContent = text;
  };

  // Rows that a page keeps; older ones are found in the log.
  const KEPT = 200;

  const follow = (tail) => {
    const rows = tail.querySelector("tbody");
    const state = tail.querySelector("[data-state]");
    const button = tail.querySelector("[data-pause]");
    let source = null, last = tail.dataset.from, waiting = [], paused = false;

    const say = (text, kind) => { state.textContent = text; state.dataset.state = kind; };
    const show = (head) => {
      const row = rows.insertRow(0);
      cell(row, head.position, tail.dataset.event.replace("/0/", `/${head.position}/`));
      cell(row, head.event_type);
      cell(row, `${head.aggregate_type}/${head.aggregate_id}`);
      cell(row, head.version);
      cell(row, head.timestamp);
      cell(row, head.user_id || "-");
      while (rows.rows.length > KEPT) rows.deleteRow(-1);
    };
    const open = () => {
      say("connecting …", "waiting");
      const address = new URL(tail.dataset.stream, location.href);
      address.searchParams.set("after", last);
      source = new EventSource(address);
      source.addEventListener("open", () => say(paused ? "paused" : "live", paused ? "waiting" : "live"));
      source.addEventListener("event", (message) => {
        const head = JSON.parse(message.data);
        last = message.lastEventId;
        if (!paused) return show(head);
        waiting.push(head);
        if (waiting.length > KEPT) waiting.shift();
        say(`paused, ${waiting.length === KEPT ? `${KEPT} or more` : waiting.length} waiting`, "waiting");
      });
      source.addEventListener("trouble", (message) => say(JSON.parse(message.data).reason, "ended"));
      source.addEventListener("position", (message) => {
        last = message.lastEventId;
        if (!paused) say("live", "live");
      });
      source.addEventListener("end", (message) => {
        source.close();
        source = null;
        say(`ended: ${JSON.parse(message.data).reason}`, "ended");
        button.textContent = "Connect again";
      });
      source.addEventListener("error", () => {
        if (!source) return;
        if (source.readyState === EventSource.CLOSED) {
          source = null;
          say("ended: the server refuses the connection, or your session is over; load the page again", "ended");
          button.textContent = "Connect again";
        } else say("the connection is lost; trying again …", "ended");
      });
    };
    button.addEventListener("click", () => {
      if (!source) { paused = false; button.textContent = "Pause"; return open(); }
      paused = !paused;
      button.textContent = paused ? "Go on" : "Pause";
      button.setAttribute("aria-pressed", String(paused));
      if (!paused) { waiting.forEach(show); waiting = []; }
      say(paused ? "paused" : "live", paused ? "waiting" : "live");
    });
    window.addEventListener("pagehide", () => source && source.close());
    open();
  };

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-tail]").forEach(follow));
})();
