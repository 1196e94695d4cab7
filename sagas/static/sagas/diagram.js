// Draws the diagram of a saga from its text; the list of steps below it says the same without a script.
"use strict";

(() => {
  const figure = document.querySelector(".nova-diagram");
  const text = figure.querySelector("pre").textContent;
  const picture = figure.querySelector("div");

  async function draw() {
    const dark = document.documentElement.classList.contains("dark");
    mermaid.initialize({
      startOnLoad: false,
      securityLevel: "strict",
      theme: dark ? "dark" : "neutral",
      htmlLabels: false,
      flowchart: { htmlLabels: false, curve: "basis" },
    });
    const { svg } = await mermaid.render("saga-diagram", text);
    picture.innerHTML = svg;
    figure.hidden = false;
  }

  draw();
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
})();
