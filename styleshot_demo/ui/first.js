/* Runs before Gradio's own scripts, which keep what they find of the browser as they begin. */
(() => {
  /* Gradio's loading screen counts its seconds in every frame, and goes on when it has long gone: a tenth of a core for as
     long as the page is open. Nothing on this page shows those seconds. */
  const frame = window.requestAnimationFrame;
  window.requestAnimationFrame = (step) => /performance\.now\(\)/.test(step) ? 0 : frame.call(window, step);

  /* Whenever the state of any event changes, Gradio hands the states of all events to all controls that they read, also
     where no control shows them ("hidden", as on the whole page): a third of what a press costs. It has no hidden states. */
  const entries = Object.entries;
  Object.entries = (object) => {
    const all = entries(object);
    return all.length && all.every(([, state]) => state?.show_progress === "hidden") ? [] : all;
  };
})();
