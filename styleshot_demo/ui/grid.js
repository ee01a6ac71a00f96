/* The panel of a grid: what it is to be of, its cells as they arrive, and one of them looked at. */
(() => {
  const language = () => window.styleshot.language();
  const twice = (texts) => (texts.en === texts.zh ? [texts.en] : window.styleshot.twice(texts));
  const filled = ([en, zh], values) => {
    const put = (text) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
    return { en: put(en), zh: put(zh) };
  };
  const parts = (text) => text.split(/[;；]/.test(text) ? /[;；]/ : /[,，、]/).map((part) => part.trim()).filter(Boolean);

  /* One of the two: which setting, and its values, as words that are switched on and off or as text. */
  class Axis {
    constructor(box, axes, changed, ask) {
      Object.assign(this, { box, axes, changed, ask, side: box.dataset.side });
      [this.select, this.input, this.chips] = ["select", "input", ".chips"].map((part) => box.querySelector(part));
      this.select.append(new Option("–", ""), ...axes.map((axis) => new Option(axis.en, axis.name)));
      this.select.addEventListener("change", () => this.choose(this.select.value));
      this.input.addEventListener("input", changed);
      this.chips.addEventListener("click", (event) => {
        const chip = event.target.closest("button");
        if (!chip) return;
        chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
        changed();
      });
    }

    choose(name) {
      const axis = this.axes.find((one) => one.name === name);
      this.select.value = axis ? name : "";
      this.input.hidden = !axis || Boolean(axis.options);
      this.chips.hidden = !axis?.options;
      this.input.value = "";
      this.chips.replaceChildren(...(axis?.options ?? []).map((option) => {
        const chip = document.createElement("button");
        chip.type = "button";
        chip.value = option.value;
        chip.setAttribute("aria-pressed", "true");
        chip.append(...twice(option));
        return chip;
      }));
      if (axis && !axis.options) this.ask({ side: this.side, name });
      this.changed();
    }

    /* As it was before a reload. */
    lay({ name = "", values = "" } = {}) {
      this.choose(name);
      const kept = parts(values);
      for (const chip of this.chips.children) chip.setAttribute("aria-pressed", String(kept.includes(chip.value)));
      if (!this.input.hidden) this.input.value = values;
      this.changed();
    }

    relabel() {
      for (const [place, axis] of this.axes.entries()) {
        const option = this.select.options[place + 1];
        if (option.text !== axis[language()]) option.text = axis[language()];
      }
    }

    get values() {
      const pressed = [...this.chips.querySelectorAll('[aria-pressed="true"]')].map((chip) => chip.value);
      return this.chips.hidden ? this.input.value : pressed.join(", ");
    }

    /* How many values it has; of styles that are all of something nobody knows here. */
    get count() {
      if (!this.select.value) return 1;
      const named = parts(this.values);
      if (this.select.value === "style") return NaN;
      if (this.select.value === "mix" && named.length === 1 && /^\d+$/.test(named[0]) && named[0] > 1) return Number(named[0]);
      return new Set(named).size;
    }
  }

  /* For this window alone: which grid is on show, by the name that the server knows it by, and what was asked for. */
  const { read: kept, write: keep } = window.styleshot.windowStore((kind) => `styleshot-${kind}-grid`);
  const gridLay = (kind) => String(kept(kind).token ?? "");

  const grid = (kind, element, { axes, most }, texts, start, value, watch, trigger) => {
    const own = window.styleshot.desk(kind);
    const part = (place) => element.querySelector(place);
    const [panel, told, scroll, cells, after, paint, halt, count, dialog] =
      [".grid", ".news", ".scroll", ".cells", ".after", ".paint", ".halt", ".count", "dialog"].map(part);
    let turn = null; // the press whose cells are shown; nothing is heard of any other
    let halting = false; // what is begun now would be stopped too
    let over = null; // what is said once that is over
    let now = null; // what is on show
    let opened = null; // the cell that is looked at
    let asked = {}; // what the last press has asked for
    let read = null; // by what its settings were to be read
    const ask = (act, more = {}) => trigger(act, { ...more, language: document.documentElement.lang });

    const settle = () => {
      const total = sides.rows.count * sides.columns.count;
      const chosen = sides.rows.select.value || sides.columns.select.value;
      const key = !chosen || total === 0 ? "nothing" : total > most ? "too_many" : "count";
      count.replaceChildren(...(chosen && Number.isNaN(total) ? [] : twice(filled(texts[key], { count: total, most }))));
      count.classList.toggle("wrong", key !== "count");
      paint.disabled = halting || key !== "count";
    };
    const changed = () => {
      settle();
      own.excuse();
    };
    const side = (name) => new Axis(part(`[data-side=${name}]`), axes, changed, (what) => ask("usual", what));
    const sides = { rows: null, columns: null };
    [sides.rows, sides.columns] = [side("rows"), side("columns")];
    const asking = () => Object.fromEntries(
      Object.entries(sides).map(([name, { select, values }]) => [name, { name: select.value, values }]),
    );
    const readers = () => JSON.stringify([own.asked?.settings.method, own.asked?.settings.model]);

    /* What was said against rows and columns together goes when they are others; against a value, when all are right. */
    own.mends["grid .news"] = (said) => {
      const { about } = said;
      const [{ settings, styles }, others] = [own.asked, JSON.stringify(asking()) !== JSON.stringify(asked)];
      if (about === "axes" || about === "mix") return others;
      if (about === "two") return others || styles.filter(([, weight]) => weight > 0).length === 2;
      if (about === "rest") return others || settings.region === "everywhere" || settings.rest !== "last";
      if (about === "idle") return others || readers() !== read;
      const axis = Object.values(sides).find(({ select }) => select.value === about);
      return axis ? parts(axis.values).every((one) => own.mended(said, { [about]: Number(one) })) : own.mended(said);
    };

    const show = (working) => {
      const focused = panel.contains(document.activeElement) && [paint, halt].includes(document.activeElement);
      own.gridding = working;
      paint.hidden = working;
      halt.hidden = !working;
      if (focused) (working ? halt : paint).focus();
      settle();
    };

    /* The cells: a table for the eye, buttons for the hand. */
    const named = (row, column) => {
      const both = [["rows", row], ["columns", column]].filter(([name]) => now.titles[name].en);
      const words = (spoken) => both.map(([name, place]) => `${now.titles[name][spoken]} ${now[name][place][spoken]}`).join(" · ");
      return { en: words("en"), zh: words("zh") };
    };
    const head = (tag, texts, css) => {
      const box = document.createElement(tag);
      box.className = css;
      box.append(...twice(texts));
      return box;
    };
    const lay = () => {
      const rows = now.rows.map((label, row) => [
        head("span", label, "row"),
        ...now.columns.map((_, column) => {
          const button = document.createElement("button");
          button.type = "button";
          button.disabled = true;
          const name = named(row, column);
          [button.dataset.en, button.dataset.zh] = [name.en, name.zh];
          button.addEventListener("click", () => look(row, column));
          return button;
        }),
      ]);
      const across = now.titles.columns.en;
      const titles = [head("span", now.titles.rows, "title"), across ? head("span", now.titles.columns, "title across") : ""];
      const heads = across ? [head("span", { en: "", zh: "" }, "corner"), ...now.columns.map((one) => head("span", one, "column"))] : [];
      cells.style.setProperty("--columns", now.columns.length);
      cells.classList.toggle("one-row", !now.titles.rows.en);
      cells.replaceChildren(...titles, ...heads, ...rows.flat());
      scroll.hidden = false;
    };
    const hang = () => {
      const buttons = cells.querySelectorAll("button");
      for (const cell of now.cells) {
        const button = buttons[cell.row * now.columns.length + cell.column];
        if (!button.disabled) continue;
        const image = new Image();
        [image.src, image.alt] = [cell.src, ""];
        button.style.setProperty("--ratio", `${cell.width} / ${cell.height}`);
        button.replaceChildren(image);
        button.disabled = false;
      }
      // Those to come are as large as those that have.
      if (now.cells.length) cells.style.setProperty("--ratio", `${now.cells[0].width} / ${now.cells[0].height}`);
      after.hidden = !now.cells.length;
    };
    const look = (row, column) => {
      opened = now.cells.find((cell) => cell.row === row && cell.column === column);
      if (!opened) return;
      part("dialog img").src = opened.src;
      part(".which").replaceChildren(...twice(named(row, column)));
      [part("a.save").href, part("a.save").download] = [opened.src, opened.name];
      dialog.showModal();
    };

    paint.addEventListener("click", () => {
      turn = Math.random().toString(36).slice(2);
      told.replaceChildren();
      show(true);
      [asked, read] = [asking(), readers()];
      ask("paint", { ...asked, turn });
    });
    halt.addEventListener("click", () => {
      const total = now?.turn === turn ? now.rows.length * now.columns.length : 0;
      over = total ? filled(texts.stopped, { count: now.cells.length, total }) : filled(texts.stopped_early, {});
      turn = null;
      halting = true;
      ask("halt");
      told.replaceChildren(head("p", filled(texts.stopping, {}), "message"));
      show(false);
    });
    part(".whole").addEventListener("click", () => ask("sheet"));
    part(".use").addEventListener("click", () => {
      if (opened) ask("use", { row: opened.row, column: opened.column });
      dialog.close();
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog || event.target.closest(".end")) dialog.close();
    });

    const back = (said) => {
      if (turn || now) return; // something else has begun meanwhile
      now = said;
      lay();
      hang();
      const before = kept(kind);
      for (const [name, axis] of Object.entries(sides)) axis.lay(before.asked?.[name]);
      if (before.open) open(true);
    };

    const halted = (good) => {
      halting = false;
      told.replaceChildren(head("p", good ? over : filled(texts.unreached, {}), "message"));
      settle();
    };
    const heard = () => {
      const said = value() || {};
      if (said.back) return back(said);
      if (said.usual) {
        const axis = sides[said.usual.side];
        if (axis.select.value === said.usual.name && !axis.input.value) axis.input.value = said.usual.text;
        return settle();
      }
      if (said.halted) return void window.styleshot.cancelled(`${kind}-grid`).then(halted);
      if (said.sheet) return window.styleshot.fetched(said.sheet.src, said.sheet.name);
      if (said.once) {
        told.innerHTML = said.told;
        if (said.used) document.querySelector(`#${kind}-result`)?.scrollIntoView({ block: "center", behavior: "smooth" });
        return;
      }
      if (!turn || said.turn !== turn) return;
      if (said.told) told.innerHTML = said.told;
      if (said.cells) {
        const fresh = now?.turn !== turn;
        now = said;
        if (fresh) {
          lay();
          keep(kind, { token: said.token, asked });
        }
        hang();
      }
      if (said.working) return;
      turn = null;
      show(false);
    };
    watch("value", heard);

    const opener = `#${kind}-grid-open`;
    const open = (shown) => {
      panel.hidden = !shown;
      document.querySelector(opener)?.setAttribute("aria-expanded", String(shown));
      keep(kind, { open: shown });
    };
    document.addEventListener("click", (event) => {
      const button = event.target.closest?.(opener);
      if (!button) return;
      open(panel.hidden);
      if (panel.hidden) return;
      if (!sides.rows.select.value && !sides.columns.select.value) sides.columns.choose(start);
      panel.scrollIntoView({ block: "nearest", behavior: "smooth" });
      panel.focus({ preventScroll: true });
    });
    const speak = () => Object.values(sides).forEach((axis) => axis.relabel());
    new MutationObserver(speak).observe(document.documentElement, { attributes: true, attributeFilter: ["lang"] });
    sides.rows.choose("");
    sides.columns.choose("");
    speak();
    if (value()?.back) back(value()); // it came before this was drawn, as in a tab that was not open
  };

  Object.assign(window.styleshot, { grid, gridLay });
})();
