/* Runs before Gradio's own scripts, which keep what they find of the browser as they begin. */
(() => {
  /* Gradio's loading screen counts its seconds in every frame, and goes on when it has long gone: a tenth of a core for as
     long as the page is open. Nothing on this page shows those seconds. */
  const frame = window.requestAnimationFrame;
  window.requestAnimationFrame = (step) => /performance\.now\(\)/.test(step) ? 0 : frame.call(window, step);
})();
