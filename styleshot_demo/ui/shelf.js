// The example pictures of a tab: which of them are chosen, and what each is called.
(() => {
  // Names of example pictures are plain: what has to be decoded is none of them.
  const stem = (address) => address.split(/[?#]/)[0].split("/").pop().replace(/\.[^.]*$/, "");

  const mark = () => {
    for (const side of document.querySelectorAll(".side:has(.shelf)")) {
      const shown = new Set([...side.querySelectorAll(".picture .image-frame img")].map((image) => stem(image.src)));
      for (const button of side.querySelectorAll(".shelf button")) {
        if (button.closest(".library")) continue; // which has marks of its own
        const pressed = String(shown.has(button.dataset.name));
        if (button.getAttribute("aria-pressed") !== pressed) button.setAttribute("aria-pressed", pressed);
      }
    }
  };

  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; mark(); });
  };

  new MutationObserver(soon).observe(document.documentElement, {
    subtree: true, childList: true, attributes: true, attributeFilter: ["src"],
  });
  // Its name is read aloud already; whoever points at it sees it too, in the language of the moment.
  document.addEventListener("pointerover", (event) => {
    const button = event.target.closest?.(".shelf button");
    if (button) button.title = button.getAttribute("aria-label");
  });
})();
