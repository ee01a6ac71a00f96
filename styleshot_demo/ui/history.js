/* The window of the history. The server knows the results; here they are listed, looked at, compared and asked for. */
(() => {
  const LANGUAGES = { en: "en", zh: "zh-CN" };
  const { twice, folded } = window.styleshot;
  const picture = (key) => `history/${key}.png`;
  const told = (row) => {
    const at = Object.fromEntries(Object.entries(LANGUAGES).map(([spoken, lang]) =>
      [spoken, new Date(row.at).toLocaleString(lang === "en" ? undefined : lang, { dateStyle: "medium", timeStyle: "short" })]));
    return { en: `${row.en} · ${at.en}`, zh: `${row.zh} · ${at.zh}` };
  };

  class History {
    constructor(element, act) {
      this.box = element.querySelector("dialog");
      this.act = act;
      this.part = (name) => this.box.querySelector(name);
      this.rows = [];
      this.key = null; // of the result that is looked at
      this.other = null; // of the one that it is compared with
      this.first = false; // whether the list is to begin with its first result
      this.listen();
    }

    get comparing() { return this.part(".beside").getAttribute("aria-pressed") === "true"; }

    listen() {
      document.body.addEventListener("click", (event) => event.target.closest("#history-open") && this.open());
      this.part("[type=search]").addEventListener("input", () => this.list());
      const range = this.part("[type=range]");
      range.addEventListener("input", () => this.part(".box").style.setProperty("--at", `${range.value}%`));
      const presses = {
        close: () => this.box.close(),
        stars: (button) => { this.press(button); this.list(); },
        clear: () => this.act({ act: "clear" }),
        use: () => this.act({ act: "use", key: this.key }),
        again: () => this.act({ act: "again", key: this.key }),
        star: () => this.act({ act: "star", key: this.key, on: !this.row(this.key).star }),
        delete: () => this.act({ act: "delete", key: this.key }),
        undo: (button) => this.act({ act: "undo", token: button.value }),
        beside: (button) => {
          this.press(button);
          this.other = null;
          this.answer(this.comparing ? window.styleshot.said("history_choose") : []);
          this.show();
        },
      };
      this.box.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (button?.dataset.key) this.choose(button.dataset.key);
        else presses[button?.className]?.(button);
      });
      // Beside the window, as in every other program.
      this.box.addEventListener("pointerdown", (event) => {
        const { left, right, top, bottom } = this.box.getBoundingClientRect();
        const inside = event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom;
        if (event.target === this.box && !inside) this.box.close();
      });
    }

    press(button) {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    }

    open() {
      const search = this.part("[type=search]");
      search.placeholder = search.dataset[window.styleshot.language()];
      this.answer([]);
      this.box.showModal();
      this.act({ act: "look" });
    }

    /* The result `by` places further in the list; what is compared, where two are. The window opens at the first. */
    step(by) {
      if (!this.box.open) {
        this.first = true;
        this.open();
        return;
      }
      const buttons = [...this.part(".grid").children].filter(({ dataset }) => !this.comparing || dataset.key !== this.key);
      const now = buttons.findIndex(({ dataset }) => dataset.key === (this.comparing ? this.other : this.key));
      const button = buttons[now < 0 ? 0 : now + by];
      if (!button) return;
      button.focus({ preventScroll: true });
      this.choose(button.dataset.key);
    }

    row(key) { return this.rows.find((row) => row.key === key); }

    choose(key) {
      if (this.comparing && this.key && key !== this.key) {
        this.other = key;
        this.answer([]);
        this.show();
        return;
      }
      this.key = key;
      this.other = null;
      this.answer([]);
      this.part("dl").replaceChildren();
      this.act({ act: "open", key });
      this.show();
      this.box.scrollTo({ top: 0 });
    }

    answer(...what) { window.styleshot.answer(this.box, ...what); }

    /* What the server says. */
    take(now) {
      if (now.changed) {
        if (this.box.open) this.act({ act: "look" });
        return;
      }
      if (!now.entries) return;
      this.rows = now.entries;
      this.work = now.work; // whether anything else is kept, which can be cleared too
      if (!this.row(this.key)) this.key = null;
      if (!this.row(this.other)) this.other = null;
      if (now.said) this.answer(twice(now.said), Boolean(now.problem), now.undo);
      if (now.detail?.key === this.key) this.tell(now.detail.facts);
      if (now.close) this.box.close();
      if (now.run) this.run = now.run;
      this.list();
      this.show();
      if (!this.first) return;
      this.first = false;
      if (this.box.open && !this.key) this.step(1);
    }

    tell(facts) {
      this.part("dl").replaceChildren(...facts.flatMap(([en, zh, value, chinese]) => {
        const [label, text] = ["dt", "dd"].map((name) => document.createElement(name));
        label.append(...twice({ en, zh }));
        text.append(...twice({ en: value, zh: chinese }));
        return [label, text];
      }));
    }

    /* The result that is looked at, beside the other one where there is one. */
    show() {
      const row = this.row(this.key);
      this.part(".look").hidden = !row;
      if (!row) {
        this.part(".beside").setAttribute("aria-pressed", "false");
        return this.mark();
      }
      const other = this.row(this.other);
      const [figure, box, range] = [".compare", ".box", "[type=range]"].map(this.part);
      const [before, after] = ["img.before", "img.after"].map(this.part);
      const put = (image, key) => image.getAttribute("src") !== picture(key) && (image.src = picture(key));
      figure.classList.toggle("alone", !other);
      put(after, row.key);
      if (other) put(before, other.key);
      else before.removeAttribute("src");
      range.hidden = !other;
      figure.style.setProperty("--shape", row.width / row.height);
      box.style.setProperty("--ratio", row.width / row.height);
      box.style.setProperty("--at", other ? `${range.value}%` : "0%");
      [".tag.first", ".tag.last"].forEach((place, at) => this.part(place).replaceChildren(...twice([other ?? row, row][at])));
      this.part("h3").replaceChildren(...twice(told(row)));
      const star = this.part(".star");
      star.setAttribute("aria-pressed", String(row.star));
      Object.assign(this.part(".save"), { href: picture(row.key), download: row.name });
      for (const name of [".use", ".again"]) this.part(name).disabled = !row.known;
      this.mark();
    }

    mark() {
      for (const button of this.part(".grid").children) {
        button.setAttribute("aria-pressed", String([this.key, this.other].includes(button.dataset.key)));
      }
    }

    list() {
      const words = folded(this.part("[type=search]").value).split(/\s+/).filter(Boolean);
      const stars = this.part(".stars").getAttribute("aria-pressed") === "true";
      const found = this.rows.filter((row) => (row.star || !stars) && words.every((word) => row.texts.includes(word)));
      const there = new Map([...this.part(".grid").children].map((button) => [button.dataset.key, button]));
      this.part(".grid").replaceChildren(...found.map((row) => this.thumb(row, there.get(row.key))));
      this.part(".nothing").hidden = this.rows.length > 0;
      this.part(".none").hidden = !this.rows.length || found.length > 0;
      this.part(".bar").hidden = !this.rows.length && !this.work;
      for (const name of [".search", ".stars", ".all"]) this.part(name).hidden = !this.rows.length;
      this.mark();
    }

    thumb(row, button = document.createElement("button")) {
      const name = told(row)[window.styleshot.language()];
      if (!button.dataset.key) {
        button.type = "button";
        button.dataset.key = row.key;
        const image = document.createElement("img");
        [image.alt, image.loading, image.src] = ["", "lazy", `history/${row.key}.jpg`];
        button.append(image);
      }
      [button.dataset.en, button.dataset.zh] = [told(row).en, told(row).zh];
      button.title = name;
      button.setAttribute("aria-label", name);
      button.classList.toggle("starred", row.star);
      return button;
    }
  }

  let open = null;
  const history = (element, value, watch, act) => {
    open = new History(element, act);
    watch("value", () => open.take(value() || {}));
  };
  /* Presses Run of the tab for which a run was asked, once the tab is there. */
  const historyRun = () => {
    const kind = open?.run;
    if (!kind) return;
    open.run = null;
    window.styleshot.afterStop(`${kind}-stop`, () => {
      const end = performance.now() + 10000;
      const press = () => {
        const button = document.querySelector(`#${kind}-run`);
        if (button?.offsetParent && !button.disabled) button.click();
        else if (performance.now() < end) setTimeout(press, 50);
      };
      press();
    });
  };
  /* Both for keys; whether there was anything to do. */
  const historyStep = (by) => {
    open?.step(by);
    return Boolean(open);
  };
  const historyCompare = () => {
    const there = Boolean(open && !open.part(".look").hidden);
    if (there) open.part("button.beside").click();
    return there;
  };
  const historyName = (key) => open?.row(key)?.name ?? `${key}.png`;
  Object.assign(window.styleshot, { history, historyName, historyRun, historyStep, historyCompare });
})();
