/* Presets, which the browser keeps, and links that carry settings. What they hold the server checks as it checks files. */
(() => {
  const KEY = "styleshot-presets";
  const MOST = 50; // presets of a tab
  const LONGEST = 32768; // characters of the settings
  let set = null; // tells the server what to set

  const read = () => {
    try { return JSON.parse(localStorage.getItem(KEY)) ?? {}; } catch { return {}; }
  };
  /* Those of a tab; what is stored may be anything. */
  const presets = (kind) => {
    const found = read()[kind];
    return (Array.isArray(found) ? found : [])
      .filter((one) => typeof one?.name === "string" && typeof one?.text === "string" && one.text.length <= LONGEST);
  };
  const keep = (kind, list) => {
    try {
      localStorage.setItem(KEY, JSON.stringify({ ...read(), [kind]: list }));
      return true;
    } catch { return false; /* private windows may refuse */ }
  };

  /* What the controls of a tab hold, as the record of a picture that was made so (provenance.py). */
  const record = ({ kind, texts, unset }) => {
    const settings = { job: kind };
    for (const [name, value] of Object.entries(window.styleshot.desk(kind).asked?.settings ?? {})) {
      if (name === "seed") continue;
      if (value !== "") settings[name] = value;
      else if (texts.includes(name)) settings[name] = "";
      else if (unset.includes(name)) settings[name] = null;
    }
    const seed = window.styleshot.desk(kind).asked?.settings.seed;
    const text = JSON.stringify({ format: 1, seed: Number.isInteger(seed) && seed >= 0 ? seed : 0, settings });
    return text.replace(/[\u0080-\uffff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
  };

  class Drawer {
    constructor(element) {
      this.box = element.querySelector("details");
      this.shape = JSON.parse(this.box.dataset.shape);
      this.part = (name) => this.box.querySelector(name);
      const { kind } = this.shape;
      this.part("form").addEventListener("submit", (event) => {
        event.preventDefault();
        const { name } = event.target.elements;
        this.save(name.value.trim());
        name.value = "";
      });
      this.part(".list").addEventListener("click", (event) => {
        const button = event.target.closest("button");
        const name = button?.closest("li").dataset.name;
        if (button?.className === "use") set?.({ text: presets(kind).find((one) => one.name === name)?.text ?? "" });
        if (button?.className === "drop") {
          keep(kind, presets(kind).filter((one) => one.name !== name));
          this.list();
          this.answer("presets_deleted", { name });
        }
      });
      this.part(".link").addEventListener("click", () => this.copy());
      this.box.addEventListener("toggle", () => this.box.open && this.list());
    }

    answer(key, values = {}) { this.part(".answer").replaceChildren(...window.styleshot.said(key, values)); }

    save(name) {
      if (!name) return;
      const { kind } = this.shape;
      const others = presets(kind).filter((one) => one.name !== name);
      if (others.length >= MOST) return this.answer("presets_full", { count: MOST });
      const kept = keep(kind, [...others, { name, text: record(this.shape) }]);
      this.list();
      this.answer(kept ? "presets_kept" : "presets_refused", { name });
    }

    list() {
      const list = this.part(".list");
      list.replaceChildren(...presets(this.shape.kind).map(({ name }) => {
        const item = this.part("template").content.firstElementChild.cloneNode(true);
        item.dataset.name = name;
        item.querySelector(".use").textContent = name;
        const drop = item.querySelector(".drop");
        for (const spoken of ["en", "zh"]) drop.dataset[spoken] = `${drop.dataset[spoken]}: ${name}`;
        return item;
      }));
      list.hidden = !list.children.length;
    }

    async copy() {
      const { kind } = this.shape;
      const link = `${location.origin}${location.pathname}?settings=${encodeURIComponent(record(this.shape))}#${kind}`;
      const address = this.part(".address");
      [address.value, address.hidden] = [link, false];
      address.select();
      // Only pages of this machine or over HTTPS may write there; the address stands there to be copied by hand.
      const copied = await (navigator.clipboard?.writeText(link).then(() => true, () => false) ?? false);
      this.answer(copied ? "presets_copied" : "presets_copy");
    }
  }

  /* The settings in the address, once the page has those of the last time; after that the address is without them. */
  const arrive = () => {
    const query = new URLSearchParams(location.search);
    const text = query.get("settings");
    if (text === null) return;
    const ready = () => ["classical", "text", "image"].every((kind) => window.styleshot.desk(kind).read);
    if (!ready()) return void setTimeout(arrive, 100);
    query.delete("settings");
    window.history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}${location.hash}`);
    set({ text });
  };
  const wire = (trigger) => {
    set = trigger;
    arrive();
  };
  Object.assign(window.styleshot, { presets: wire, presetsDrawer: (element) => new Drawer(element) });
})();
