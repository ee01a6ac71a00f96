/* The line that enlarges the picture on show: which one that is, and whose progress is listened to. */
(() => {
  const enlarger = (kind, element, value, watch, enlarge, halt) => {
    const own = window.styleshot.desk(kind);
    const [line, told, factors, stop] = [".enlarge", ".news", ".factors", ".halt"]
      .map((place) => element.querySelector(place));
    const say = (what) => told.replaceChildren(line.querySelector(`template.${what}`).content.cloneNode(true));
    const buttons = [...factors.querySelectorAll("button")];
    const finer = factors.querySelector("label"); // the choice of the large network, where that is there
    let turn = null; // the press whose progress is shown; nothing is heard of any other
    let about = null; // the picture that is told of
    let pressed = null;
    let halting = false; // what is asked for now would be stopped too
    let waiting = null; // what is asked for once that is over

    const settle = () => {
      const { source } = own;
      if (source) line.hidden = false;
      if (!own.enlarging && source && source !== about) told.replaceChildren();
      for (const button of buttons) button.disabled = !source;
    };
    /* Whoever uses the keys stays in the line: what is focused is never hidden under them. */
    const show = (working, next) => {
      const inside = line.contains(document.activeElement);
      own.enlarging = working;
      factors.hidden = working;
      stop.hidden = !working;
      settle();
      if (inside) (next?.() ?? (working ? stop : pressed))?.focus();
    };

    factors.addEventListener("click", (event) => {
      pressed = event.target.closest("button") ?? pressed;
      if (!event.target.closest("button") || !own.source) return;
      turn = Math.random().toString(36).slice(2);
      about = own.source;
      told.replaceChildren();
      show(true);
      const model = finer.querySelector("input").checked ? finer.dataset.finer : finer.dataset.model;
      const ask = { source: about, factor: Number(pressed.dataset.factor), model, turn };
      if (halting) waiting = ask;
      else enlarge(ask);
    });
    stop.addEventListener("click", () => {
      turn = null;
      if (!waiting) {
        halting = true;
        halt();
      }
      waiting = null;
      say("stopping");
      show(false);
    });
    const halted = (good) => {
      halting = false;
      if (waiting) enlarge(waiting);
      else if (about === own.source) say(good ? "stopped" : "unreached");
      waiting = null;
    };
    watch("value", () => {
      const now = value() || {};
      if ("finer" in now) finer.hidden = !now.finer;
      if (finer.hidden) finer.querySelector("input").checked = false;
      if (now.halted) window.styleshot.cancelled(`${kind}-enlarge`).then(halted);
      if (!turn || now.turn !== turn) return;
      told.innerHTML = now.told;
      if (now.working) return;
      turn = null;
      show(false, () => told.querySelector("a"));
    });
    own.enlarger = settle;
    settle();
  };

  Object.assign(window.styleshot, { enlarger });
})();
