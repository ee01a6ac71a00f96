/* The composer's sketch: seen large after a click, and its things moved by mouse, finger or arrow keys. */
(() => {
  const FAR = 4; // pixels that a press has to travel before anything moves
  const STEP = 0.02, STRIDE = 0.1; // shares of the picture that an arrow key moves a thing, without and with Shift
  const PAUSE = 700; // milliseconds without another key, after which it is drawn there
  const LINGER = 3000; // milliseconds after which what was put down goes back, should nothing be drawn
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  const numbers = (text) => text.split(" ").map(Number);
  const between = (value, low, high) => Math.min(Math.max(value, low), Math.max(low, high));

  /* Something taken up: a copy of what the sketch shows of it follows the hand. */
  class Held {
    constructor(grip) {
      this.grip = grip;
      this.pad = grip.closest(".pad");
      this.box = numbers(grip.dataset.box);
      this.away = [0, 0];
      for (const old of this.pad.querySelectorAll(".ghost")) old.remove();
      const [left, top, right, bottom] = this.box;
      const [wide, tall] = [right - left, bottom - top];
      this.ghost = document.createElement("span");
      this.ghost.className = "ghost";
      Object.assign(this.ghost.style, {
        width: `${100 * wide}%`,
        height: `${100 * tall}%`,
        backgroundImage: `url("${this.pad.querySelector("img").src}")`,
        backgroundSize: `${100 / wide}% ${100 / tall}%`,
        backgroundPosition: [[left, wide], [top, tall]].map(([at, long]) => `${(100 * at) / (1 - long || 1)}%`).join(" "),
      });
      this.pad.append(this.ghost);
      this.to(0, 0);
    }

    to(across, down) {
      const [left, top, right, bottom] = this.box;
      this.away = [between(across, -left, 1 - right), between(down, -top, 1 - bottom)];
      this.ghost.style.left = `${100 * (left + this.away[0])}%`;
      this.ghost.style.top = `${100 * (top + this.away[1])}%`;
    }

    by(across, down) { this.to(this.away[0] + across, this.away[1] + down); }

    /* Where its foot would be; null where that is where it was. */
    place() {
      const [x, y] = numbers(this.grip.dataset.foot);
      const [across, down] = this.away;
      if (!across && !down) return null;
      return { x: between(x + across, 0, 1), y: between(y + down, 0, 1) };
    }
  }

  const sketch = (element, trigger, paint, events) => {
    let held = null;
    let timer = null;
    let dropped = false; // the click that ends a drag is none
    let large = null; // the number of the sheet that is seen large
    let kept = null; // what was moved by keys last, to be in focus again when it is drawn anew

    const sheets = () => [...element.querySelectorAll("button.sheet")];
    const gripsOf = (pad) => [...pad.querySelectorAll(".grip:enabled")];

    /* The thing under the pointer: the smallest, as that can be taken nowhere else. */
    const under = (pad, { clientX, clientY }) => {
      const area = pad.getBoundingClientRect();
      const [x, y] = [(clientX - area.left) / area.width, (clientY - area.top) / area.height];
      const size = (grip) => { const [a, b, c, d] = numbers(grip.dataset.box); return (c - a) * (d - b); };
      return gripsOf(pad).filter((grip) => {
        const [left, top, right, bottom] = numbers(grip.dataset.box);
        return x >= left && x <= right && y >= top && y <= bottom;
      }).sort((one, other) => size(one) - size(other))[0];
    };

    const letGo = () => {
      clearTimeout(timer);
      held?.ghost.remove();
      held = null;
    };
    const putDown = () => {
      clearTimeout(timer);
      const { grip, ghost } = held;
      const place = held.place();
      if (!place) return letGo();
      held = null;
      setTimeout(() => ghost.remove(), LINGER);
      paint(events.move, { thing: grip.dataset.thing, ...place });
    };

    const enlarge = (number) => {
      const dialog = element.querySelector("dialog");
      const sheet = sheets()[number];
      if (!sheet || !dialog) return;
      large = number;
      sheets().forEach((one, at) => one.setAttribute("aria-pressed", String(at === number)));
      const pad = dialog.querySelector(".pad");
      pad.querySelector("img").src = sheet.querySelector("img").src;
      for (const old of pad.querySelectorAll(".grip, .ghost")) old.remove();
      pad.append(...[...sheet.parentElement.querySelectorAll(".grip")].map((grip) => grip.cloneNode(true)));
      if (!dialog.open) dialog.showModal();
      dialog.onclose = () => { large = null; };
    };

    /* Whether the large sketch is that of the sheet, and as usable. */
    const same = (pad, number) => {
      const sheet = sheets()[number]?.parentElement;
      const state = (one) => [one.querySelector("img").src, ...[...one.querySelectorAll(".grip")]
        .map((grip) => [grip.dataset.thing, grip.dataset.foot, grip.disabled].join())].join();
      return !sheet || state(sheet) === state(pad);
    };

    element.addEventListener("pointerdown", (event) => {
      const pad = event.button === 0 && event.target.closest(".pad");
      const grip = pad && under(pad, event);
      if (!grip) return;
      letGo();
      const area = pad.getBoundingClientRect();
      const over = new AbortController();
      const listen = (name, act) => window.addEventListener(name, (one) => {
        if (one.pointerId === event.pointerId) act(one);
      }, { signal: over.signal });
      listen("pointermove", (one) => {
        const [across, down] = [one.clientX - event.clientX, one.clientY - event.clientY];
        if (!held && Math.hypot(across, down) < FAR) return;
        held ??= new Held(grip);
        held.to(across / area.width, down / area.height);
      });
      listen("pointercancel", () => { over.abort(); letGo(); });
      listen("pointerup", () => {
        over.abort();
        if (held) {
          dropped = true;
          setTimeout(() => { dropped = false; });
          putDown();
        } else if (event.pointerType === "touch") pad.querySelector("button.sheet")?.click();
      });
    });
    // A finger on a thing moves that, anywhere else the page.
    element.addEventListener("touchstart", (event) => {
      const pad = event.touches.length === 1 && event.target.closest(".pad");
      if (pad && under(pad, event.touches[0])) event.preventDefault();
    }, { passive: false });
    element.addEventListener("pointermove", (event) => {
      const pad = event.target.closest(".pad");
      const grip = pad && !held ? under(pad, event) : null;
      for (const lit of element.querySelectorAll(".grip.lit")) lit.classList.toggle("lit", lit === grip);
      grip?.classList.add("lit");
      pad?.classList.toggle("over", Boolean(grip));
    });
    element.addEventListener("pointerleave", () => {
      for (const lit of element.querySelectorAll(".grip.lit")) lit.classList.remove("lit");
    });

    element.addEventListener("keydown", (event) => {
      const grip = event.target.closest(".grip");
      if (!grip) return;
      if (ARROWS[event.key]) {
        const [across, down] = ARROWS[event.key];
        const far = event.shiftKey ? STRIDE : STEP;
        if (held?.grip !== grip) { letGo(); held = new Held(grip); }
        held.by(across * far, down * far);
        kept = grip.dataset.thing;
        clearTimeout(timer);
        timer = setTimeout(putDown, PAUSE);
      } else if (event.key === "Enter" && held) putDown();
      else if (event.key === "Escape" && held) letGo();
      else return;
      event.preventDefault();
    });
    element.addEventListener("focusout", (event) => {
      if (held && held.grip === event.target && event.relatedTarget) putDown();
    });

    element.addEventListener("click", (event) => {
      if (dropped) return;
      const dialog = element.querySelector("dialog");
      const button = event.target.closest("button");
      if (!button) return event.target === dialog && dialog.close();
      if (button.matches(".grip")) return;
      if (button.dataset.part) return paint(events.reword, { part: button.dataset.part, name: button.dataset.name });
      if (button.dataset.act === "unmove") return paint(events.move, {});
      const thumbs = sheets();
      if (thumbs.includes(button)) return enlarge(thumbs.indexOf(button));
      if (button.dataset.act === "photo") {
        const pressed = thumbs.find((one) => one.getAttribute("aria-pressed") === "true") ?? thumbs[0];
        trigger(events.photo, { source: pressed.querySelector("img").getAttribute("src") });
      }
      if (dialog?.open) dialog.close();
    });

    /* Drawn anew, or usable again: what was large is large again, what was in focus is so too. */
    new MutationObserver(() => {
      const dialog = element.querySelector("dialog");
      if (held && !held.grip.isConnected) letGo();
      if (large !== null && dialog && !(dialog.open && same(dialog.querySelector(".pad"), large))) enlarge(large);
      if (kept === null || document.activeElement !== document.body && !dialog?.open) return;
      const grips = gripsOf(dialog?.open ? dialog : element);
      const again = grips.find((grip) => grip.dataset.thing === kept);
      if (!again) return;
      kept = null;
      again.focus();
    }).observe(element, {
      childList: true, subtree: true, attributes: true, attributeFilter: ["disabled", "src"],
    });
  };

  Object.assign(window.styleshot, { sketch });
})();
