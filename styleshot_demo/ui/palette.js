/* The colours that a result is held to, each in the browser's own field for one. */
(() => {
  const FRESH = "#b23d23"; // what a field that is new holds
  const LATE = 5000; // milliseconds in which answers to earlier changes may still be on their way

  const palette = (kind, element, most, value, watch, pick, take) => {
    const [box, more, news] = [".swatches", ".more", ".news"].map((place) => element.querySelector(place));
    let told = null; // the last change here: what the server says of others meanwhile is late
    let timer = null;
    const swatches = () => [...box.querySelectorAll(".swatch")];
    const fields = () => [...box.querySelectorAll("input")];
    const named = () => {
      // Each is told from the others by its place, in both languages.
      for (const [place, swatch] of swatches().entries()) {
        for (const node of swatch.children) {
          node.dataset.said ??= JSON.stringify([node.dataset.en, node.dataset.zh]);
          [node.dataset.en, node.dataset.zh] = JSON.parse(node.dataset.said).map((text) => `${text} ${place + 1}`);
        }
      }
      more.hidden = fields().length >= most;
    };
    /* The fields that are there stay, so that one that is open or in focus is so still. */
    const show = () => {
      const { of, colours, wrong } = value() || {};
      if (told !== null && of !== told) return;
      news.innerHTML = wrong ?? "";
      if (!colours) return;
      for (const extra of swatches().slice(colours.length)) extra.remove();
      while (swatches().length < colours.length) more.before(box.querySelector("template").content.cloneNode(true));
      for (const [place, field] of fields().entries()) if (field.value !== colours[place]) field.value = colours[place];
      named();
    };
    const hear = () => {
      clearTimeout(timer);
      told = null;
    };
    const tell = () => {
      hear();
      timer = setTimeout(() => { hear(); show(); }, LATE);
      told = fields().map((field) => field.value).join(" ");
      pick({ text: told });
    };
    const text = `#${kind === "classical" ? "" : `${kind}-`}palette`;
    document.addEventListener("input", (event) => { if (event.target.closest(text)) hear(); });

    /* Colours can be taken from each picture that lies there; while there is none, the style's button says so. */
    const sources = [...element.querySelectorAll(".from")];
    const desk = window.styleshot.desk(kind);
    desk.palette = () => {
      const there = (desk.asked?.pictures ?? []).map(Boolean);
      const first = sources.length - (desk.asked?.weights.length ?? sources.length);
      sources.forEach((button, place) => { button.hidden = there.includes(true) ? !there[place] : place !== first; });
    };
    sources.forEach((button, place) => button.addEventListener("click", () => {
      hear();
      take({ place });
    }));
    desk.palette();

    box.addEventListener("change", tell);
    box.addEventListener("click", (event) => {
      const out = event.target.closest(".out");
      if (out) {
        const place = swatches().indexOf(out.parentElement);
        out.parentElement.remove();
        named();
        (swatches()[Math.min(place, swatches().length - 1)]?.querySelector(".out") ?? more).focus();
        return tell();
      }
      if (!event.target.closest(".more")) return;
      more.before(box.querySelector("template").content.cloneNode(true));
      const field = fields().at(-1);
      field.value = FRESH;
      named();
      tell();
      field.focus();
      try { field.showPicker(); } catch { /* where it cannot be, Enter opens it */ }
    });
    watch("value", show);
    show();
  };

  Object.assign(window.styleshot, { palette });
})();
