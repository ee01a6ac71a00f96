// The photo and what was made of it in one frame, with a divider, in a gallery of results.
(() => {
  const SAME = 0.03; // by so much of its shape a result may differ from its photo: sides are rounded to multiples

  const decoded = async (source) => {
    const image = new Image();
    image.src = source;
    try { await image.decode(); } catch { /* nothing to compare with */ }
    return image;
  };

  /* `offer(before, after)` shows the button where both have one shape; without them it goes. */
  const beside = (figure) => {
    const [frame, button] = [".beside", ".besides"].map((place) => figure.querySelector(place));
    const [box, first, last, range] = [".box", ".before", ".after", "input"].map((part) => frame.querySelector(part));
    let turn = 0;
    const open = () => { frame.hidden = button.hidden || button.getAttribute("aria-pressed") !== "true"; };
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      open();
      if (!frame.hidden) range.focus({ preventScroll: true });
    });
    range.addEventListener("input", () => box.style.setProperty("--at", `${range.value}%`));
    const offer = async (before, after) => {
      const mine = ++turn;
      const pair = before && after ? await Promise.all([before, after].map(decoded)) : [];
      if (mine !== turn) return;
      const [photo, made] = pair.map((image) => image.naturalWidth / image.naturalHeight);
      button.hidden = !(photo > 0 && Math.abs(made / photo - 1) < SAME);
      if (!button.hidden) {
        first.src = before;
        last.src = after;
        box.style.setProperty("--ratio", made);
      }
      open();
    };
    return { offer };
  };

  Object.assign(window.styleshot, { beside });
})();
