/* Language, light and dark, and the page's own widgets. Gradio runs this before it draws the page. */
(() => {
  const LOCALES = { en: "en", zh: "zh-CN" };
  const remembered = (key) => {
    try { return localStorage.getItem(key); } catch { return null; }
  };
  const remember = (key, value) => {
    try { localStorage.setItem(key, value); } catch { /* private windows may refuse */ }
  };

  /* Gradio's stand-in for an event source says so each time that a stream has ended as it should. */
  const warn = console.warn;
  console.warn = (...words) => words[0] === "Method not implemented." || warn.apply(console, words);

  /* Language ------------------------------------------------------------------------------------------------------ */

  const asked = new URLSearchParams(location.search).get("lang") || remembered("styleshot-language");
  let language = asked in LOCALES ? asked : (navigator.language || "").toLowerCase().startsWith("zh") ? "zh" : "en";

  /* Gradio follows the browser, which may speak a third language; its own switch is a part of its core. */
  const translate = async () => {
    const core = performance.getEntriesByType("resource").map((entry) => entry.name)
      .find((name) => /\/assets\/core-[^/]*\.js/.test(name));
    await (await import(core)).changeLocale(LOCALES[language]);
  };

  /* Our own HTML carries both languages: the style sheet shows one, and screen readers get the names here. */
  const dress = (root) => {
    for (const node of root.querySelectorAll("[data-en]")) {
      const name = node.dataset[language];
      if (node.getAttribute("aria-label") === name) continue;
      node.setAttribute("aria-label", name);
      if (node.tagName === "IMG") node.alt = name;
      if (node.matches("button, .carry")) node.title = name;
    }
  };

  const speak = async (wanted) => {
    if (!(wanted in LOCALES) || wanted === language) return;
    language = wanted;
    remember("styleshot-language", language);
    try {
      await translate();
    } catch {
      location.reload(); // slower, and pictures have to be chosen again, but the language is right
    }
    settle();
  };

  /* Gradio leaves some parts without a name; screen readers need one, in the right language. */
  const NAMES = {
    '[id$="content"].picture': ["Choose a photo", "选择照片"],
    '[id$="style-1"].picture': ["Choose a style picture", "选择风格图片"],
    '[id$="style-2"].picture': ["Choose style picture 2", "选择风格图片 2"],
    '[id$="style-3"].picture': ["Choose style picture 3", "选择风格图片 3"],
    '[id$="style-4"].picture': ["Choose style picture 4", "选择风格图片 4"],
    "#restore": ["Choose a picture made here", "选择由本应用生成的图片"],
  };
  /* Whoever works in another window sees there how far it is. */
  const title = () => {
    const name = language === "zh" ? "StyleShot · 用任何风格重绘照片" : "StyleShot · paint a photo in any style";
    const texts = { painting: ["Painting…", "正在绘制…"], done: ["✓ Painted", "✓ 已完成"] }[window.styleshot.state?.()];
    return texts ? `${texts[language === "zh" ? 1 : 0]} · StyleShot` : name;
  };
  const follow = () => window.styleshot.follow?.();
  /* Gradio gives each button of a group a name of its own: arrow keys move within those of one name. */
  const groupRadios = () => {
    for (const radio of document.querySelectorAll('input[type="radio"]')) {
      const group = radio.closest(".block[id]")?.id;
      if (group && radio.name !== group) radio.name = group;
    }
  };
  /* What experts call a setting or a choice is told to whoever rests there. */
  const TERMS = Object.entries(window.styleshotTexts).filter(([key]) => key.startsWith("term:"));
  const tellTerms = () => {
    for (const [key, both] of TERMS) {
      const [name, choice] = key.slice("term:".length).split("/");
      const block = ["", "text-", "image-"].map((tab) => `#${tab}${name.replaceAll("_", "-")}`).join(", ");
      for (const found of document.querySelectorAll(`:is(${block}).block`)) {
        const place = choice ? found.querySelector(`input[value="${choice}"]`)?.closest("label") : found;
        const text = both[language === "zh" ? 1 : 0];
        if (place && place.title !== text) place.title = text;
      }
    }
  };
  const ACCEPTED = "image/*,.heic,.heif,.avif,.tif,.tiff,.tga,.jp2,.j2k";
  const settle = () => {
    // What is set again counts as a change, and whoever waits for one would change the page in turn, for ever.
    if (document.documentElement.lang !== LOCALES[language]) document.documentElement.lang = LOCALES[language];
    follow();
    if (document.title !== title()) document.title = title();
    groupRadios();
    tellTerms();
    dress(document);
    translateToasts();
    route();
    // Gradio loads the styles of its components as they come into use; ours have to stay behind them.
    const sheet = document.querySelector("#styleshot-css");
    if (sheet?.nextElementSibling) document.head.append(sheet);
    for (const [place, names] of Object.entries(NAMES)) {
      const title = names[language === "zh" ? 1 : 0];
      for (const node of document.querySelectorAll(`${place} input[type=file], ${place} button:has(input[type=file])`)) {
        // Whoever says aloud what is written on a button means it, so its name has to hold that, line for line.
        const name = [title, node.textContent.trim()].filter(Boolean).join(": ");
        if (node.getAttribute("aria-label") !== name) node.setAttribute("aria-label", name);
        if (node.tagName === "INPUT" && node.accept !== ACCEPTED) node.accept = ACCEPTED;
      }
      for (const picture of document.querySelectorAll(`${place} .image-frame img`)) {
        picture.alt = picture.closest(place).querySelector("label")?.textContent.trim() ?? "";
      }
    }
  };

  /* Files of any type ---------------------------------------------------------------------------------------------- */

  /* Gradio drops what the browser does not call an image, and many know no HEIC or TGA. What a file is, and what to say
     of one that is none, is for the program to find out: here all of them pass. What is dropped is desk.js's affair. */
  const foreign = (files) => [...files].some((file) => !file.type.startsWith("image/"));
  const asImages = (files) => {
    const carried = new DataTransfer();
    for (const file of files) carried.items.add(new File([file], file.name, { type: "image/*" }));
    return carried;
  };
  document.addEventListener("change", (event) => {
    const input = event.target;
    if (input.matches?.(".picture input[type=file]") && foreign(input.files)) input.files = asImages(input.files).files;
  }, true);

  /* Light and dark ------------------------------------------------------------------------------------------------ */

  const shade = (dark) => {
    document.body.classList.toggle("dark", dark);
    remember("styleshot-shade", dark ? "dark" : "light");
  };

  const chosen = remembered("styleshot-shade");
  let queued = false;
  let shaded = !chosen;
  new MutationObserver(() => {
    if (!shaded && document.querySelector("#masthead")) {
      // Gradio has set the shade of the system by now; a remembered choice goes over it.
      shaded = true;
      document.body.classList.toggle("dark", chosen === "dark");
    }
    if (queued) return;
    queued = true;
    // A window that nobody sees draws no frames, but its title is read.
    (document.hidden ? setTimeout : requestAnimationFrame)(() => { queued = false; settle(); });
  }).observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ["aria-selected", "class"] });
  document.body.addEventListener("click", (event) => {
    if (event.target.closest("#shade")) shade(!document.body.classList.contains("dark"));
  });

  /* The tab that is open stands in the address, so that it survives a reload, has a link, and Back works ---------- */

  let wanted = location.hash.slice(1) || null;
  let open = null;
  const route = () => {
    const buttons = [...document.querySelectorAll('#tabs [role="tab"][data-tab-id]')];
    const now = buttons.find((button) => button.getAttribute("aria-selected") === "true")?.dataset.tabId;
    if (!now) return;
    const button = wanted && buttons.find((one) => one.dataset.tabId === wanted);
    wanted = null;
    if (button && button.dataset.tabId !== now) {
      open = button.dataset.tabId;
      button.click();
    } else if (open === null) {
      open = now;
    } else if (now !== open) {
      open = now;
      history.pushState(null, "", `#${now}`);
    }
  };
  const moved = () => {
    wanted = location.hash.slice(1) || "classical";
    route();
  };
  window.addEventListener("popstate", moved);
  window.addEventListener("hashchange", moved);

  /* What Gradio itself says, in the language of the page ---------------------------------------------------------- */

  const TEXTS = window.styleshotTexts;
  const SAYINGS = [
    [/exceed the maximum allowed size of ([\d.]+)\s*(\w+)/i, "toast_too_large", (found) => ({ limit: `${parseFloat(found[1])} ${found[2].toUpperCase()}` })],
    [/HTTP 413|Maximum file size/i, "toast_too_large_for", null],
    [/Invalid file type/i, "toast_wrong_type", null],
    [/Connection to the server was lost|Server stopped unexpectedly/i, "toast_lost", null],
    [/Connection errored out|Failed to fetch|NetworkError|Load failed|HTTP 50[234]/i, "toast_unreached", null],
    [/application is currently busy|Queue is full/i, "toast_busy", null],
    [/Session (not found|expired)|session_hash/i, "toast_session", null],
    [/finish uploading/i, "toast_uploading", null],
  ];
  const fill = (text, values = {}) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
  const said = (key, values) => Object.keys(LOCALES).map((spoken, side) => {
    const text = document.createElement("span");
    text.lang = LOCALES[spoken];
    text.textContent = fill(TEXTS[key][side], values);
    return text;
  });
  const translateToasts = () => {
    for (const body of document.querySelectorAll(".toast-body:not([data-said])")) {
      const [title, text] = ["[class*=toast-title]:not([class*=row])", '[data-testid="toast-text"]']
        .map((place) => body.querySelector(place));
      if (!title) continue;
      const original = (text ?? body).textContent;
      body.dataset.said = original;
      const found = SAYINGS.map(([pattern, key, values]) => [original.match(pattern), key, values]).find(([hit]) => hit);
      const kind = ["error", "warning", "info", "success"].find((name) => body.classList.contains(name)) ?? "error";
      title.replaceChildren(...said(`toast_${kind}`));
      text?.replaceChildren(...(found ? said(found[1], found[2]?.(found[0])) : said("toast_unknown")));
      const close = body.querySelector('[data-testid="toast-close"]');
      if (close) {
        [close.dataset.en, close.dataset.zh] = TEXTS.close;
        dress(body);
      }
    }
  };

  /* A text in both languages, of which the style sheet shows the page's. */
  const twice = (texts) => Object.keys(LOCALES).map((spoken) => {
    const text = document.createElement("span");
    text.lang = LOCALES[spoken];
    text.textContent = texts[spoken];
    return text;
  });

  /* As `folded` in library/entry.py: small and large letters, full and half width are the same. Upper case at first: "ß". */
  const folded = (text) => text.normalize("NFKC").toUpperCase().toLowerCase();

  /* What the server answers, at the foot of a drawer or window; `undo` is what its button sends. */
  const answer = (box, texts, problem = false, undo = null) => {
    const place = box.querySelector(".answer");
    place.classList.toggle("problem", problem);
    place.replaceChildren(...texts);
    if (!undo) return;
    const button = box.querySelector("template").content.firstElementChild.cloneNode(true);
    button.value = undo;
    place.append(" ", button);
    button.focus();
  };

  /* Before and after ---------------------------------------------------------------------------------------------- */

  const compare = (kind, element, value, watch, follow) => {
    const figure = element.querySelector(".compare");
    const box = figure.querySelector(".box");
    const [before, after] = ["before", "after"].map((name) => figure.querySelector(`img.${name}`));
    const range = figure.querySelector("input");
    const desk = window.styleshot.desk(kind);
    let turn = 0;
    range.addEventListener("input", () => box.style.setProperty("--at", `${range.value}%`));
    const show = async () => {
      const mine = ++turn;
      const now = desk.show(value());
      const { before: first, after: last } = now || {};
      if (!last) {
        figure.dataset.state = "empty";
        desk.sees(null);
        return;
      }
      // Decoded before it is shown, so that a new picture never flashes.
      const next = new Image();
      next.src = last;
      try { await next.decode(); } catch { /* shown as far as it goes */ }
      if (mine !== turn) return;
      if (first && before.getAttribute("src") !== first) before.src = first;
      after.src = last;
      if (next.naturalWidth) box.style.setProperty("--ratio", next.naturalWidth / next.naturalHeight);
      figure.dataset.state = now.made ? "ready" : "painting";
      desk.sees(now.made ? last : null);
      figure.dataset.shown = Number(figure.dataset.shown || 0) + 1;
    };
    desk.stands(figure, follow);
    watch("value", show);
    show();
  };

  /* Several pictures: one large, the others to choose from --------------------------------------------------------- */

  const gallery = (kind, element, value, watch, follow) => {
    const [figure] = element.querySelectorAll(".gallery");
    const [image, which, save, thumbs, repeats, repeat] = [".stage img", ".which", ".save", ".thumbs", ".repeats", ".repeat"]
      .map((place) => figure.querySelector(place));
    const desk = window.styleshot.desk(kind);
    const beside = window.styleshot.beside(figure);
    let turn = 0;
    const put = async (source) => {
      const mine = ++turn;
      // Decoded before it is shown, so that a new picture never flashes.
      const next = new Image();
      next.src = source;
      try { await next.decode(); } catch { /* shown as far as it goes */ }
      if (mine !== turn) return;
      image.src = source;
      figure.dataset.shown = Number(figure.dataset.shown || 0) + 1;
    };
    // A seamless tile is seen repeated for as long as a person wants it so.
    const repeated = (source) => {
      repeats.style.backgroundImage = source ? `url(${JSON.stringify(source)})` : "";
      repeat.hidden = !source;
      repeats.hidden = !source || repeat.getAttribute("aria-pressed") !== "true";
    };
    repeat.addEventListener("click", () => {
      repeats.hidden = repeat.getAttribute("aria-pressed") === "true";
      repeat.setAttribute("aria-pressed", String(!repeats.hidden));
    });
    const choose = (picture, button) => {
      for (const other of thumbs.children) other.setAttribute("aria-pressed", String(other === button));
      which.replaceChildren(...twice(picture));
      save.href = picture.src;
      save.download = picture.name;
      figure.dataset.state = "ready";
      repeated(picture.repeats ? picture.src : null);
      beside.offer(desk.now?.before, picture.src);
      desk.sees(picture.src);
      return put(picture.src);
    };
    const thumb = (picture) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.src = picture.src;
      const small = new Image();
      small.src = picture.src;
      small.alt = "";
      const caption = document.createElement("span");
      caption.append(...twice(picture));
      button.append(small, caption);
      button.addEventListener("click", () => choose(picture, button));
      return button;
    };
    const hang = (pictures) => {
      const same = pictures.length === thumbs.children.length
        && pictures.every((picture, place) => picture.src === thumbs.children[place].dataset.src);
      if (!same) thumbs.replaceChildren(...pictures.map(thumb));
      return same;
    };
    const show = () => {
      const now = desk.show(value()) || {};
      const { preview, pictures = [] } = now;
      if (!preview) {
        hang(pictures);
        thumbs.hidden = pictures.length < 2;
        figure.dataset.state = pictures.length ? "ready" : "empty";
        if (pictures.length) choose(pictures[0], thumbs.children[0]);
        else desk.sees(null);
        return;
      }
      // Until there is a new one, the last ones stay where they can be looked at and saved.
      const same = hang(pictures.length ? pictures : desk.ready?.pictures ?? []);
      thumbs.hidden = !thumbs.children.length;
      if (same && thumbs.querySelector('[aria-pressed="true"]') && figure.dataset.state === "ready" && figure.dataset.run === "on") return;
      for (const other of thumbs.children) other.setAttribute("aria-pressed", "false");
      figure.dataset.state = "painting";
      repeated(null);
      beside.offer();
      desk.sees(null);
      put(preview);
    };
    const run = () => {
      const { preview } = value() || {};
      show();
      figure.dataset.run = preview ? "on" : "off";
    };
    desk.stands(figure, follow);
    watch("value", run);
    run();
  };

  /* What this window alone remembers of a tab, under the name that `place` makes of it: `write` adds to what `read` gives. */
  const windowStore = (place) => {
    const read = (kind) => {
      try { return JSON.parse(sessionStorage.getItem(place(kind))) ?? {}; } catch { return {}; }
    };
    const write = (kind, more) => {
      try { sessionStorage.setItem(place(kind), JSON.stringify({ ...read(kind), ...more })); } catch { /* private windows may refuse */ }
    };
    return { read, write };
  };

  window.styleshot = { windowStore, speak, compare, gallery, said, title, twice, folded, answer, texts: TEXTS, language: () => language };
  translate().catch(() => {}); // then texts stay in the browser's language until the switch is used
})();
