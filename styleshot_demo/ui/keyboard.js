/* The keyboard: a row of pictures is one stop on the way through the page, and the button that paints is near. */
(() => {
  const BAR = '[role="toolbar"]';
  const buttonsOf = (bar) => [...bar.querySelectorAll("button")];

  /* Only this one of its row is reached with Tab; arrow keys lead to the others. */
  const stopAt = (bar, chosen) => {
    for (const button of buttonsOf(bar)) {
      const index = button === chosen ? 0 : -1;
      if (button.tabIndex !== index) button.tabIndex = index;
    }
  };
  const settle = () => {
    for (const bar of document.querySelectorAll(BAR)) {
      const buttons = buttonsOf(bar);
      if (buttons.filter((button) => button.tabIndex === 0).length === 1) continue;
      stopAt(bar, buttons.find((button) => button.getAttribute("aria-pressed") === "true") ?? buttons[0]);
    }
  };

  /* The button above or below, in the next line of a row that is wrapped. */
  const middle = (button) => button.offsetLeft + button.offsetWidth / 2;
  const across = (buttons, from, down) => {
    const beyond = buttons.filter((one) => (down ? one.offsetTop > from.offsetTop : one.offsetTop < from.offsetTop));
    const line = (down ? Math.min : Math.max)(...beyond.map((one) => one.offsetTop));
    const distance = (one) => Math.abs(middle(one) - middle(from));
    return beyond.filter((one) => one.offsetTop === line).sort((one, two) => distance(one) - distance(two))[0];
  };
  const STEPS = {
    ArrowLeft: (buttons, from) => buttons[buttons.indexOf(from) - 1],
    ArrowRight: (buttons, from) => buttons[buttons.indexOf(from) + 1],
    ArrowUp: (buttons, from) => across(buttons, from, false),
    ArrowDown: (buttons, from) => across(buttons, from, true),
    Home: (buttons) => buttons[0],
    End: (buttons) => buttons.at(-1),
  };
  document.addEventListener("keydown", (event) => {
    const bar = event.target.closest?.(BAR);
    const step = STEPS[event.key];
    if (!bar || !step || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    event.preventDefault(); // the page does not scroll meanwhile
    step(buttonsOf(bar), event.target.closest("button"))?.focus();
  });
  document.addEventListener("focusin", (event) => {
    const bar = event.target.closest?.(BAR);
    if (bar) stopAt(bar, event.target.closest("button"));
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("#skip")) return;
    // While something is painted, the button that stops it stands in its place.
    const buttons = document.querySelectorAll(["classical", "text", "image"].map((tab) => `#${tab}-run, #${tab}-stop`).join());
    [...buttons].find((button) => button.offsetParent)?.focus();
  });

  let waiting = false;
  new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; settle(); });
  }).observe(document.documentElement, { subtree: true, childList: true });
})();
