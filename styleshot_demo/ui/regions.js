/* The place to brush on the photo: what is white there goes to the server as a picture, after every stroke. */
(() => {
  const PAUSE = 250; // milliseconds after a stroke in which another may come before it is sent
  const WHITE = "#fff";

  const marking = (element, value, watch, marked) => {
    const [whole, none, on, image, canvas, width, told] =
      [".marking", ".none", ".on-photo", "img", "canvas", "input", ".told"].map((place) => element.querySelector(place));
    const [paint, erase, undo, clear] = [".paint", ".erase", ".undo", ".clear"].map((place) => element.querySelector(place));
    const pen = canvas.getContext("2d");
    let of = null; // which photo is brushed on
    let strokes = []; // each: { erases, wide, points: [[x, y], ...] } in pixels of the canvas
    let stroke = null; // the one that is being made
    let timer = null;
    let turn = 0; // counts what is sent: an answer that is late is none

    const draw = ({ erases, wide, points }) => {
      pen.globalCompositeOperation = erases ? "destination-out" : "source-over";
      pen.strokeStyle = WHITE;
      pen.lineWidth = wide;
      pen.lineCap = pen.lineJoin = "round";
      pen.beginPath();
      pen.moveTo(...points[0]);
      for (const point of points) pen.lineTo(...point); // the first one too: a click is a dot
      pen.stroke();
    };
    const redraw = () => {
      pen.clearRect(0, 0, canvas.width, canvas.height);
      strokes.forEach(draw);
    };
    const usable = () => { undo.disabled = clear.disabled = !strokes.length; };

    const send = async () => {
      const own = ++turn;
      if (!strokes.some(({ erases }) => !erases)) return marked({ path: "" });
      const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
      try {
        const path = await window.styleshot.upload(new File([blob], "mask.png", { type: "image/png" }));
        told.replaceChildren();
        if (own === turn) marked({ path });
      } catch (error) {
        told.replaceChildren(...window.styleshot.said(typeof error === "string" ? error : "toast_unreached"));
      }
    };
    const changed = () => {
      usable();
      clearTimeout(timer);
      timer = setTimeout(send, PAUSE);
    };
    const forget = () => {
      clearTimeout(timer);
      stroke = null;
      turn += 1;
      strokes = [];
      redraw();
      usable();
      marked({ path: "" });
    };

    const at = ({ clientX, clientY }) => {
      const area = canvas.getBoundingClientRect();
      return [(clientX - area.left) * canvas.width / area.width, (clientY - area.top) * canvas.height / area.height];
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button || stroke) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      clearTimeout(timer);
      const wide = Number(width.value) * Math.max(canvas.width, canvas.height) / 100;
      stroke = { erases: erase.getAttribute("aria-pressed") === "true", wide, points: [at(event)] };
      draw(stroke);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!stroke) return;
      for (const one of event.getCoalescedEvents?.() ?? [event]) stroke.points.push(at(one));
      stroke.points.push(at(event));
      // Each stroke is drawn once: drawn again over itself its soft edge would grow harder.
      redraw();
      draw(stroke);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, () => {
        if (!stroke) return;
        strokes.push(stroke);
        stroke = null;
        changed();
      });
    }
    for (const tool of [paint, erase]) {
      tool.addEventListener("click", () => {
        for (const one of [paint, erase]) one.setAttribute("aria-pressed", String(one === tool));
      });
    }
    undo.addEventListener("click", () => { strokes.pop(); redraw(); changed(); });
    clear.addEventListener("click", () => { strokes = []; redraw(); changed(); });

    const show = () => {
      const wanted = value() || {};
      whole.hidden = !wanted.on;
      if (!wanted.on) return;
      none.hidden = Boolean(wanted.photo);
      on.hidden = !wanted.photo;
      if (of === (wanted.of ?? null)) return;
      of = wanted.of ?? null;
      if (of === null) return forget();
      image.onload = () => {
        [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
        forget();
      };
      image.src = wanted.photo;
    };
    watch("value", show);
    show();
  };

  Object.assign(window.styleshot, { marking });
})();
