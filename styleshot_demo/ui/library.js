/* The drawers of the style library. The server knows the styles; here they are shown, searched and asked for. */
(() => {
  const drawers = {};
  let ask = null; // tells the server what to do
  let now = null; // what it said last

  const { twice, folded } = window.styleshot;
  /* What is asked for once: the second time it would be refused, as the first has done it. */
  const ONCE = {
    save: () => "form", change: () => "form", delete: ({ key }) => `delete ${key}`, undo: ({ token }) => `undo ${token}`,
  };

  class Drawer {
    constructor(element, tab) {
      this.tab = tab;
      this.box = element.querySelector("details");
      this.part = (name) => this.box.querySelector(name);
      this.form = this.part("form");
      this.shelf = this.part(".shelf");
      this.search = this.part("[type=search]");
      this.picked = null; // key of the style whose buttons are shown
      this.changes = false; // whether the form changes that style, or keeps a new one
      this.asked = new Map(); // press -> what was asked for by it once, and is not answered yet
      this.listen();
    }

    send(act, more = {}) {
      const what = ONCE[act]?.(more);
      if (what && [...this.asked.values()].includes(what)) return;
      const press = Math.random().toString(36).slice(2);
      if (what) this.asked.set(press, what);
      this.lock();
      ask?.({ act, tab: this.tab, press, ...more });
    }

    get busy() { return [...this.asked.values()].includes("form"); }

    /* By no `disabled`: whoever uses the keys stays where they are. */
    lock() {
      this.form.setAttribute("aria-busy", String(this.busy));
      this.part(".keep").setAttribute("aria-disabled", String(this.busy));
      for (const field of this.form.querySelectorAll("input")) field.readOnly = this.busy;
    }

    /* `press` has been answered, or none will be. */
    answered(press) {
      if (press) this.asked.delete(press);
      else this.asked.clear();
      this.lock();
    }

    listen() {
      this.box.addEventListener("toggle", () => this.box.open && this.send("look"));
      this.search.addEventListener("input", () => this.list());
      this.shelf.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (button) this.send("use", { key: button.dataset.key });
      });
      this.form.addEventListener("submit", (event) => {
        event.preventDefault();
        const { name, tags, note } = Object.fromEntries(new FormData(this.form));
        this.send(this.changes ? "change" : "save", { name, tags, note, key: this.picked, pictures: this.pictures });
      });
      const choices = { ".import": (files) => this.take(files), ".more": (files) => this.add(files) };
      for (const [place, chosen] of Object.entries(choices)) {
        const upload = this.part(`${place} input`);
        upload.addEventListener("change", () => {
          chosen([...upload.files]);
          upload.value = "";
        });
        this.part(place).addEventListener("keydown", (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          upload.click();
        });
      }
      const presses = {
        save: () => this.busy || this.write(false),
        change: () => this.busy || this.write(true),
        cancel: () => this.form.hidden = true,
        export: () => this.send("export", { key: this.picked }),
        delete: () => this.send("delete", { key: this.picked }),
        undo: (button) => this.send("undo", { token: button.value }),
      };
      this.box.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        presses[button?.className]?.(button);
      });
    }

    style() {
      return now?.styles.find((style) => style.key === this.picked);
    }

    /* Opens the form: for a new style, or with what is written of the chosen one. */
    write(changes, pictures = null) {
      const style = changes ? this.style() : null;
      this.changes = Boolean(style);
      this.pictures = pictures; // uploads that become a style; null: what lies in the boxes
      const { name, tags, note } = this.form.elements;
      [name.value, tags.value, note.value] = style ? [style.en, style.tags.join(", "), style.note] : ["", "", ""];
      this.form.hidden = false;
      name.focus();
    }

    /* Sends files to the server: their paths, none where that cannot be, which is told. */
    async sent(files, large) {
      const limit = window.gradio_config?.max_file_size ?? Infinity;
      if (files.some((one) => one.size > limit)) {
        this.answer(window.styleshot.said(large, { limit: `${Math.round(limit / 2 ** 20)} MB` }), true);
        return [];
      }
      const form = new FormData();
      for (const one of files) form.append("files", one, one.name);
      try {
        const reply = await fetch("gradio_api/upload", { method: "POST", body: form });
        if (!reply.ok) throw reply;
        return await reply.json();
      } catch {
        this.answer(window.styleshot.said("toast_unreached"), true);
        return [];
      }
    }

    /* Takes a style file, or pictures, which become a style when they have a name. */
    async take(files) {
      const file = files.find((one) => /\.zip$/i.test(one.name));
      const paths = files.length ? await this.sent(file ? [file] : files, "drop_style_too_large") : [];
      if (!paths.length) return;
      if (file) return this.send("import", { path: paths[0], name: file.name });
      this.write(false, paths);
      this.answer(window.styleshot.said("drop_style_pictures"));
    }

    /* More pictures for the chosen style. */
    async add(files) {
      const key = this.picked;
      if (!files.length) return;
      this.answer(window.styleshot.said("drop_style_adding"));
      const pictures = await this.sent(files, "toast_too_large");
      if (pictures.length) this.send("add", { key, pictures });
    }

    answer(...what) { window.styleshot.answer(this.box, ...what); }

    /* Shows what the server says; `said` whether that is about this drawer. */
    show(said) {
      this.box.hidden = false;
      if (now?.press) this.answered(now.press);
      if (said) {
        if ("picked" in now) this.picked = now.picked;
        if (now.done) {
          this.form.hidden = true;
          this.search.value = "";
        }
        this.answer(now.said ? twice(now.said) : [], Boolean(now.problem), now.undo);
        if (now.file) {
          const link = document.createElement("a");
          [link.href, link.download] = [now.file.src, now.file.name];
          link.click();
        }
      }
      this.list();
    }

    list() {
      if (!now?.styles) return;
      const words = folded(this.search.value).split(/\s+/).filter(Boolean);
      const found = now.styles.filter((style) => words.every((word) => style.texts.includes(word)));
      const held = this.shelf.contains(document.activeElement) ? document.activeElement.dataset.key : null;
      this.shelf.replaceChildren(...found.map((style) => this.thumb(style)));
      if (held) [...this.shelf.children].find((button) => button.dataset.key === held)?.focus();
      this.part(".none").hidden = found.length > 0;
      const style = this.style();
      const row = this.part(".picked");
      row.hidden = !style;
      if (!style) return;
      row.querySelector("strong").replaceChildren(...twice(style));
      row.querySelector(".tags").textContent = style.tags.join(" · ");
      row.querySelector(".note").textContent = style.note;
      for (const name of ["change", "more", "delete"]) row.querySelector(`.${name}`).hidden = !style.own;
    }

    thumb(style) {
      const button = document.createElement("button");
      button.type = "button";
      Object.assign(button.dataset, { key: style.key, en: style.en, zh: style.zh });
      const name = window.styleshot.language() === "zh" ? style.zh : style.en;
      button.title = name;
      button.setAttribute("aria-label", name);
      button.setAttribute("aria-pressed", String(style.key === this.picked));
      const image = document.createElement("img");
      [image.alt, image.src, image.loading] = ["", style.src, "lazy"];
      button.append(image);
      return button;
    }
  }

  // Before the page takes what is dropped for pictures (desk.js).
  window.addEventListener("drop", (event) => {
    const box = event.target.closest?.("details.library");
    const files = [...(event.dataTransfer?.files ?? [])];
    const drawer = Object.values(drawers).find((one) => one.box === box);
    if (!drawer || !(files.length > 1 || /\.zip$/i.test(files[0]?.name))) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    document.body.classList.remove("dragged");
    drawer.take(files);
  }, true);

  const libraryDrawer = (element, tab) => {
    drawers[tab] = new Drawer(element, tab);
    if (ask) drawers[tab].show(false);
  };
  const library = (value, watch, act) => {
    ask = act;
    for (const drawer of Object.values(drawers)) drawer.show(false);
    watch("value", () => {
      now = value() || now;
      for (const drawer of Object.values(drawers)) drawer.show(drawer.tab === now?.tab);
    });
  };
  const libraryFailed = () => { for (const drawer of Object.values(drawers)) drawer.answered(null); };
  Object.assign(window.styleshot, { library, libraryDrawer, libraryFailed });
})();
