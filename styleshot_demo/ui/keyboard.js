/* The keyboard: a row of pictures is one stop on the way through the page, and the button that paints is near. */
(() => {
  const TABS = ["classical", "text", "image"];
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
    const towards = STEPS[event.key];
    if (!bar || !towards || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    event.preventDefault(); // the page does not scroll meanwhile
    towards(buttonsOf(bar), event.target.closest("button"))?.focus();
  });
  document.addEventListener("focusin", (event) => {
    const bar = event.target.closest?.(BAR);
    if (bar) stopAt(bar, event.target.closest("button"));
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("#skip")) return;
    // While something is painted, the button that stops it stands in its place.
    const buttons = document.querySelectorAll(TABS.map((tab) => `#${tab}-run, #${tab}-stop`).join());
    [...buttons].find((button) => button.offsetParent)?.focus();
  });

  /* Results: the one before, the one after, and beside what they were made from. With Shift and arrows, which nothing
     else on the page wants: letters belong to screen readers, Alt and Ctrl with arrows to browsers and desktops. */
  const typing = (target) => target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]")
    && !target.closest(".compare"); // its divider moves without Shift
  const openTab = () => document.querySelector('#tabs [role="tab"][aria-selected="true"]')?.dataset.tabId;
  const step = (by) => {
    const thumbs = [...document.querySelectorAll(`#${openTab()}-result .thumbs button`)];
    if (thumbs.length < 2) return window.styleshot.historyStep(by);
    const now = thumbs.findIndex((button) => button.getAttribute("aria-pressed") === "true");
    thumbs[now + by]?.click();
    return true;
  };
  /* The photo alone and back, where it lies under the result; else the button that puts it there. */
  const whole = new WeakMap();
  const compare = () => {
    const result = document.getElementById(`${openTab()}-result`);
    const button = result?.querySelector(".besides:not([hidden])");
    if (button) {
      button.click();
      return true;
    }
    const range = result?.querySelector("figure.compare:not([data-state=empty]) input");
    if (!range) return false;
    const at = range.value;
    range.value = at === "100" ? whole.get(range) ?? 0 : 100;
    whole.set(range, at);
    range.dispatchEvent(new Event("input", { bubbles: true }));
    return true;
  };
  const RESULTS = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), ArrowDown: compare };
  const OF_HISTORY = {
    ArrowLeft: () => window.styleshot.historyStep(-1),
    ArrowRight: () => window.styleshot.historyStep(1),
    ArrowDown: () => window.styleshot.historyCompare(),
  };
  document.addEventListener("keydown", (event) => {
    const box = document.querySelector("dialog[open]");
    const act = (box ? OF_HISTORY : RESULTS)[event.key];
    if (!act || !event.shiftKey || event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    // Where words are marked, these keys mark more or fewer.
    if (typing(event.target) || !getSelection().isCollapsed) return;
    if (box ? !box.matches(".history") : !TABS.includes(openTab())) return;
    if (act()) event.preventDefault();
  });

  const SHORTCUTS = Object.entries({
    "-run": "Control+Enter", "-stop": "Escape", "-result figure": "Shift+ArrowLeft Shift+ArrowRight Shift+ArrowDown",
    "-result .besides": "Shift+ArrowDown",
  });
  const tellShortcuts = () => {
    for (const [place, keys] of SHORTCUTS) {
      for (const node of document.querySelectorAll(TABS.map((tab) => `#${tab}${place}`).join())) {
        if (!node.hasAttribute("aria-keyshortcuts")) node.setAttribute("aria-keyshortcuts", keys);
      }
    }
  };

  let waiting = false;
  new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; settle(); tellShortcuts(); });
  }).observe(document.documentElement, { subtree: true, childList: true });
})();
