/* Crop and rotate: a button on every picture, and the window with the frame that it opens. The server cuts. */
(() => {
  const LEAST = 16; // pixels of a side, as for any picture
  const PAUSE = 200; // milliseconds without a change after which the size is told
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const within = (value, low, high) => Math.min(Math.max(value, low), Math.max(low, high));

  /* The arithmetic of the frame: [left, top, right, bottom] in whole pixels of a picture of [width, height]. ------- */

  const moved = ([left, top, right, bottom], [across, down], [width, height]) => {
    const x = within(Math.round(across), -left, width - right);
    const y = within(Math.round(down), -top, height - bottom);
    return [left + x, top + y, right + x, bottom + y];
  };
  const stretched = ([left, top, right, bottom], edges, [across, down], [width, height]) => [
    edges.includes("left") ? within(Math.round(left + across), 0, right - LEAST) : left,
    edges.includes("top") ? within(Math.round(top + down), 0, bottom - LEAST) : top,
    edges.includes("right") ? within(Math.round(right + across), left + LEAST, width) : right,
    edges.includes("bottom") ? within(Math.round(bottom + down), top + LEAST, height) : bottom,
  ];
  /* The same with a shape that stays, width over height: what is not moved stands still, or stays in the middle. */
  const shaped = (box, edges, by, size, ratio) => {
    const [left, top, right, bottom] = stretched(box, edges, by, [Infinity, Infinity]);
    const [anchorX, anchorY] = [edges.includes("left") ? right : left, edges.includes("top") ? bottom : top];
    const [middleX, middleY] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
    const sideways = edges.includes("left") || edges.includes("right");
    const upright = edges.includes("top") || edges.includes("bottom");
    const roomX = !sideways ? 2 * Math.min(middleX, size[0] - middleX) : edges.includes("left") ? anchorX : size[0] - anchorX;
    const roomY = !upright ? 2 * Math.min(middleY, size[1] - middleY) : edges.includes("top") ? anchorY : size[1] - anchorY;
    const wanted = !sideways ? (bottom - top) * ratio : !upright ? right - left : Math.max(right - left, (bottom - top) * ratio);
    const wide = within(wanted, LEAST * Math.max(1, ratio), Math.min(roomX, roomY * ratio));
    const [w, h] = [within(Math.round(wide), 1, Math.floor(size[0])), within(Math.round(wide / ratio), 1, Math.floor(size[1]))];
    const x = Math.round(!sideways ? middleX - w / 2 : edges.includes("left") ? anchorX - w : anchorX);
    const y = Math.round(!upright ? middleY - h / 2 : edges.includes("top") ? anchorY - h : anchorY);
    const [l, t] = [within(x, 0, size[0] - w), within(y, 0, size[1] - h)];
    return [l, t, l + w, t + h];
  };
  /* The largest frame of a shape inside another one, about its middle. */
  const fitted = ([left, top, right, bottom], ratio, size) => {
    const [wide, high] = [right - left, bottom - top];
    const w = within(Math.round(Math.min(wide, high * ratio)), Math.min(LEAST, size[0]), size[0]);
    const h = within(Math.round(w / ratio), Math.min(LEAST, size[1]), size[1]);
    const l = within(Math.round((left + right - w) / 2), 0, size[0] - w);
    const t = within(Math.round((top + bottom - h) / 2), 0, size[1] - h);
    return [l, t, l + w, t + h];
  };
  /* A quarter to the right: what was left is up. */
  const quarter = ([left, top, right, bottom], [, height]) => [height - bottom, left, height - top, right];

  /* The window ----------------------------------------------------------------------------------------------------- */

  const crop = (slots, element, value, watch, look, cut) => {
    const part = (place) => element.querySelector(place);
    const [dialog, pane, canvas, frame, told, news, apply] =
      ["dialog", ".pane", "canvas", ".frame", ".size", ".news", ".apply"].map(part);
    const numbers = Object.fromEntries([...element.querySelectorAll("[data-name]")].map((one) => [one.dataset.name, one]));
    const shapes = [...element.querySelectorAll("[type=radio]")];
    const image = new Image();
    let now = null; // { slot, file, size, turns, box, photo }: `size` as the picture came, `box` as it now lies
    let held = null; // { edges, box, x, y, id }: what the pointer holds
    let timer = null;

    const size = () => (now.turns % 2 ? [now.size[1], now.size[0]] : now.size);
    const ratio = () => {
      const shape = shapes.find((one) => one.checked)?.value;
      const [width, height] = now.photo ?? size();
      return shape === "square" ? 1 : shape === "photo" ? width / height : null;
    };
    const tell = () => {
      const [left, top, right, bottom] = now.box;
      told.replaceChildren(...window.styleshot.said("crop_told_size", { width: right - left, height: bottom - top }));
    };
    const show = () => {
      const [width, height] = size();
      const [left, top, right, bottom] = now.box;
      const shares = { l: left / width, t: top / height, r: right / width, b: bottom / height };
      for (const [name, share] of Object.entries(shares)) pane.style.setProperty(`--${name}`, `${100 * share}%`);
      const values = { left, top, width: right - left, height: bottom - top };
      for (const [name, input] of Object.entries(numbers)) input.value = values[name];
      clearTimeout(timer);
      timer = setTimeout(tell, PAUSE);
    };
    const put = (box) => {
      now.box = box;
      apply.disabled = false;
      news.replaceChildren();
      show();
    };
    const draw = () => {
      const [width, height] = [image.naturalWidth, image.naturalHeight];
      const [across, down] = now.turns % 2 ? [height, width] : [width, height];
      [canvas.width, canvas.height] = [across, down];
      const pen = canvas.getContext("2d");
      pen.translate(across / 2, down / 2);
      pen.rotate(now.turns * Math.PI / 2);
      pen.drawImage(image, -width / 2, -height / 2);
      pane.style.setProperty("--ratio", across / down);
    };
    const turn = (times) => {
      for (let count = 0; count < times; count += 1) {
        now.box = quarter(now.box, size());
        now.turns = (now.turns + 1) % 4;
      }
      draw();
      put(ratio() ? fitted(now.box, ratio(), size()) : now.box);
    };
    const change = (box, edges, by) => {
      if (!edges.length) return put(moved(box, by, size()));
      put(ratio() ? shaped(box, edges, by, size(), ratio()) : stretched(box, edges, by, size()));
    };

    const open = async (given) => {
      now = given;
      image.src = given.src;
      try { await image.decode(); } catch { /* shown as far as it goes */ }
      if (now !== given) return;
      shapes[0].checked = true;
      // A style has the photo to be like; without one there is none.
      shapes[2].closest("label").hidden = !given.photo && !/content$/.test(given.slot);
      news.replaceChildren();
      apply.disabled = false;
      draw();
      show();
      tell();
      if (!dialog.open) dialog.showModal();
      part(".all").focus({ focusVisible: false });
    };

    frame.addEventListener("pointerdown", (event) => {
      const handle = event.target.closest("[data-edges]");
      if (!handle || event.button || held) return;
      event.preventDefault();
      handle.focus({ focusVisible: false });
      handle.setPointerCapture(event.pointerId);
      held = { edges: handle.dataset.edges.split(" ").filter(Boolean), box: now.box, x: event.clientX, y: event.clientY, id: event.pointerId };
    });
    frame.addEventListener("pointermove", (event) => {
      if (event.pointerId !== held?.id) return;
      const scale = size()[0] / canvas.getBoundingClientRect().width;
      change(held.box, held.edges, [(event.clientX - held.x) * scale, (event.clientY - held.y) * scale]);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      frame.addEventListener(end, (event) => { if (event.pointerId === held?.id) held = null; });
    }
    frame.addEventListener("keydown", (event) => {
      const handle = event.target.closest("[data-edges]");
      const arrow = ARROWS[event.key];
      if (!handle || !arrow || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      const far = Math.max(1, Math.round(Math.max(...size()) / 100)) * (event.shiftKey ? 10 : 1);
      change(now.box, handle.dataset.edges.split(" ").filter(Boolean), arrow.map((one) => one * far));
    });

    for (const button of element.querySelectorAll(".turn")) button.addEventListener("click", () => turn(Number(button.value)));
    for (const shape of shapes) shape.addEventListener("change", () => put(ratio() ? fitted(now.box, ratio(), size()) : now.box));
    for (const input of Object.values(numbers)) {
      input.addEventListener("change", () => {
        const [left, top, wide, high] = ["left", "top", "width", "height"].map((name) => numbers[name].valueAsNumber);
        const box = [left, top, left + wide, top + high];
        const [width, height] = size();
        const fits = box.every(Number.isInteger) && left >= 0 && top >= 0 && box[2] <= width && box[3] <= height;
        apply.disabled = !fits || Math.min(wide, high) < LEAST;
        if (apply.disabled) {
          const line = document.createElement("p");
          line.className = "message problem";
          line.setAttribute("role", "alert");
          line.append(...window.styleshot.said("crop_told_wrong", { width, height, limit: LEAST }));
          return news.replaceChildren(line);
        }
        shapes[0].checked = true;
        put(box);
      });
    }
    part(".whole").addEventListener("click", () => {
      shapes[0].checked = true;
      now.turns = 0;
      draw();
      put([0, 0, ...now.size]);
    });
    part(".end").addEventListener("click", () => dialog.close());
    apply.addEventListener("click", () => {
      apply.disabled = true;
      news.replaceChildren();
      clearTimeout(timer);
      told.replaceChildren(...window.styleshot.said("crop_told_wait"));
      cut({ slot: now.slot, file: now.file, turns: now.turns, box: now.box });
    });
    dialog.addEventListener("close", () => {
      clearTimeout(timer);
      [now, held] = [null, null];
    });

    watch("value", () => {
      const said = value() || {};
      if (said.look) return void (dialog.open || open(said.look)); // of a button that was pressed twice the first
      if (!now) return; // it was closed meanwhile
      if (said.done) return dialog.close();
      apply.disabled = false;
      news.innerHTML = said.told;
      tell();
    });

    /* The button on every picture. Gradio draws a box once and what lies in it anew, so it stays there. */
    const dress = () => {
      for (const slot of slots) {
        const box = document.getElementById(slot);
        if (box && !box.querySelector(".crop-open")) box.append(part("template").content.cloneNode(true));
      }
    };
    let waiting = false;
    new MutationObserver(() => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; dress(); });
    }).observe(document.documentElement, { subtree: true, childList: true });
    document.addEventListener("click", (event) => {
      const button = event.target.closest?.(".crop-open");
      if (button) look({ slot: button.closest(".picture").id });
    });
    dress();
  };

  Object.assign(window.styleshot, { crop });
})();
