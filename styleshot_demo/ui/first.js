/* Runs before Gradio's own scripts, which keep what they find of the browser as they begin. */
(() => {
  /* Gradio's loading screen counts its seconds in every frame, and goes on when it has long gone: a tenth of a core for as
     long as the page is open. Nothing on this page shows those seconds. */
  const frame = window.requestAnimationFrame;
  window.requestAnimationFrame = (step) => /performance\.now\(\)/.test(step) ? 0 : frame.call(window, step);

  /* Whenever the state of an event changes, Gradio hands the states of all events to every control that any of them has
     read, and draws it anew, although "hidden" states, as are all on this page, show nothing. It finds none of those. */
  const entries = Object.entries;
  Object.entries = (object) => {
    const all = entries(object);
    return all.length && all.every(([, state]) => state?.show_progress === "hidden") ? [] : all;
  };
})();
