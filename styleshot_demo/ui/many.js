/* The fold in which many pictures are painted alike: which ones, the results as they arrive, and all of them as a file. */
(() => {
  const { twice } = window.styleshot;
  const SHOWN = 60; // names of chosen pictures; the style sheet shows two lines of them
  const filled = ([en, zh], values = {}) => {
    const put = (text) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
    return { en: put(en), zh: put(zh) };
  };
  const wait = (ask) => new Promise((good, bad) => ask(good, bad));

  /* All files below what was dropped, with their paths. */
  const walk = async (entry, above = "") => {
    const name = above + entry.name;
    if (entry.name.startsWith(".")) return [];
    if (entry.isFile) return [{ file: await wait((good, bad) => entry.file(good, bad)), name }];
    const reader = entry.createReader();
    const found = [];
    for (;;) {
      const some = await wait((good, bad) => reader.readEntries(good, bad));
      if (!some.length) return found;
      for (const one of some) found.push(...await walk(one, `${name}/`));
    }
  };
  const within = (files) => [...files].map((file) => ({ file, name: file.webkitRelativePath || file.name }));
  const dropped = async (transfer) => {
    const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.());
    const files = within(transfer.files);
    if (!entries.some((entry) => entry?.isDirectory)) return files; // a folder is among them as a file of no use
    return (await Promise.all(entries.filter(Boolean).map((entry) => walk(entry)))).flat();
  };
  /* Of a folder what looks like a picture and is not hidden; a file that was chosen itself is meant. */
  const wanted = ({ file, name }) => !name.includes("/")
    || (window.styleshot.isPicture(file) && !name.split("/").some((part) => part.startsWith(".")));

  /* For this window alone: which pictures were chosen, and which run is on show, by the name that the server knows. */
  const { read: kept, write: keep } = window.styleshot.windowStore((kind) => `styleshot-${kind}-many`);
  const manyLay = (kind) => String(kept(kind).token ?? "");

  const many = (kind, element, most, texts, value, watch, trigger) => {
    const own = window.styleshot.desk(kind);
    const part = (place) => element.querySelector(place);
    const [fold, names, count, left, paint, halt, told, made, failed, after, dialog] = [
      "details", ".names", ".count", ".left", ".paint", ".halt", ".news", ".made", ".failed", ".after", "dialog",
    ].map(part);
    let chosen = []; // {path, name} of each that the server has
    let taking = false; // whether pictures are on their way
    let round = {}; // what is on its way in another round is not wanted any more
    let line = Promise.resolve(); // those who are on their way, one after another
    let turn = null; // the press whose pictures are shown; nothing is heard of any other
    let halting = false; // what is begun now would be stopped too
    let over = null; // what is said once that is over
    let now = null; // what is on show

    own.mends["many .news"] = (said) => own.mended(said);
    const say = (where, key, values) => where.replaceChildren(...(key ? twice(filled(texts[key], values)) : []));
    const settle = () => {
      part(".chosen").hidden = !chosen.length && !taking;
      if (!taking) say(count, "count", { count: chosen.length });
      const first = chosen.slice(0, SHOWN).map((one) => one.name.split("/").pop());
      names.textContent = first.join(" · ") + (chosen.length > SHOWN ? " …" : "");
      paint.disabled = halting || taking || !chosen.length;
    };

    /* Sends pictures to the server, one after another, so that each is named that cannot be sent. */
    const taken = async (files, mine) => {
      const fit = files.filter(wanted);
      const limit = window.gradio_config?.max_file_size ?? Infinity;
      const large = fit.filter(({ file }) => file.size > limit);
      const small = fit.filter(({ file }) => file.size <= limit);
      const going = small.slice(0, Math.max(0, most - chosen.length));
      const refused = [];
      taking = true;
      say(left);
      for (const [number, { file, name }] of going.entries()) {
        say(count, "uploading", { count: number + 1, total: going.length });
        settle();
        try {
          const path = await window.styleshot.upload(file);
          if (mine !== round) return;
          if (!chosen.some((one) => one.path === path && one.name === name)) chosen.push({ path, name });
        } catch {
          if (mine !== round) return;
          refused.push(name);
        }
      }
      taking = false;
      const listed = (some) => some.map((one) => one.name ?? one).join(", ");
      const notes = [];
      const note = (key, values) => notes.push(...(notes.length ? [document.createElement("br")] : []), ...twice(filled(texts[key], values)));
      if (!fit.length) note("no_pictures");
      if (small.length > going.length) note("left_out", { most, count: small.length - going.length });
      if (large.length) note("large", { limit: `${Math.round(limit / 2 ** 20)} MB`, names: listed(large) });
      if (refused.length) note("refused", { names: listed(refused) });
      left.replaceChildren(...notes);
      settle();
    };
    const take = (files) => {
      const mine = round;
      if (files.length) line = line.then(() => mine === round && taken(files, mine));
    };
    for (const [press, input] of [[".choose", ".files"], [".folder", ".folders"]]) {
      part(press).addEventListener("click", () => part(input).click());
      part(input).addEventListener("change", ({ target }) => {
        take(within(target.files));
        target.value = "";
      });
    }
    part(".clear").addEventListener("click", () => {
      [chosen, taking, round] = [[], false, {}];
      keep(kind, { chosen });
      say(left);
      settle();
      part(".choose").focus();
    });
    // Before the page takes what is dropped for a photo or a style (desk.js).
    window.addEventListener("drop", (event) => {
      if (!fold.open || !fold.contains(event.target) || ![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      document.body.classList.remove("dragged");
      dropped(event.dataTransfer).then(take).catch(() => say(left, "no_pictures"));
    }, true);

    /* Painting ------------------------------------------------------------------------------------------------- */

    const show = (working) => {
      const focused = [paint, halt].includes(document.activeElement);
      own.many = working;
      paint.hidden = working;
      halt.hidden = !working;
      after.hidden = working || !now?.made.length;
      if (focused) (working ? halt : paint).focus();
      settle();
    };
    const at = (folder, name) => `${folder}/${name.split("/").map(encodeURIComponent).join("/")}`;
    const tile = ([name, small, width, height]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.name = name;
      const image = new Image(width, height);
      [image.alt, image.loading, image.src] = ["", "lazy", at(now.small, small)];
      const caption = document.createElement("span");
      caption.textContent = name;
      button.append(image, caption);
      button.addEventListener("click", () => look(name, small));
      return button;
    };
    const hang = (fresh) => {
      // Those that were painted before come in between, so all are laid anew where they are not just one more.
      const last = fresh ? [] : [...made.children].map((button) => button.dataset.name);
      const more = now.made.slice(last.length);
      const same = last.every((name, number) => now.made[number]?.[0] === name);
      if (same && !fresh) made.append(...more.map(tile));
      else made.replaceChildren(...now.made.map(tile));
      made.hidden = !now.made.length;
      failed.hidden = !now.failed.length;
      part(".failed ul").replaceChildren(...now.failed.map((one) => {
        const line = document.createElement("li");
        const name = document.createElement("strong");
        name.textContent = one.name;
        line.append(name, " ", ...twice(one));
        return line;
      }));
    };
    // Another photo of the same name has its result at the same address, and browsers remember pictures by that.
    const look = (name, small) => {
      const source = `${at(now.folder, name)}?${small}`;
      part("dialog img").src = source;
      part(".which").textContent = name;
      [part("a.save").href, part("a.save").download] = [source, name.split("/").pop()];
      dialog.showModal();
    };
    paint.addEventListener("click", () => {
      turn = Math.random().toString(36).slice(2);
      told.replaceChildren();
      show(true);
      keep(kind, { chosen });
      trigger("paint", { files: chosen, format: part("select").value, turn });
    });
    const news = (key, values) => {
      const message = document.createElement("p");
      message.className = "message";
      message.setAttribute("role", "status");
      say(message, key, values);
      told.replaceChildren(message);
    };
    halt.addEventListener("click", () => {
      const ours = now?.turn === turn ? now : { made: [], total: chosen.length };
      over = { count: ours.made.length, total: ours.total };
      turn = null;
      halting = true;
      trigger("halt", {});
      news("stopping");
      show(false);
    });
    const halted = (good) => {
      halting = false;
      news(good ? "stopped" : "unreached", over);
      settle();
    };
    part(".pack").addEventListener("click", () => {
      part(".pack").disabled = true;
      trigger("pack", { language: document.documentElement.lang });
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog || event.target.closest(".end")) dialog.close();
    });

    const back = (said) => {
      if (turn || now || chosen.length) return; // something else has begun meanwhile
      now = said;
      const before = kept(kind);
      chosen = Array.isArray(before.chosen) ? before.chosen.filter((one) => typeof one?.name === "string") : [];
      told.innerHTML = said.told;
      hang(true);
      show(false);
      fold.open = Boolean(before.open);
    };
    fold.addEventListener("toggle", () => keep(kind, { open: fold.open }));

    watch("value", () => {
      const said = value() || {};
      if (said.back) return back(said);
      if (said.halted) return void window.styleshot.cancelled(`${kind}-many`).then(halted);
      if (said.once) {
        part(".pack").disabled = false;
        if (said.packed) window.styleshot.fetched(said.packed.src, said.packed.name);
        else told.innerHTML = said.told;
        return;
      }
      if (!turn || said.turn !== turn) return;
      told.innerHTML = said.told;
      if (said.made) {
        const fresh = now?.folder !== said.folder;
        now = said;
        if (fresh) keep(kind, { token: said.token });
        hang(fresh);
      }
      if (said.working) return;
      turn = null;
      show(false);
    });

    document.addEventListener("click", (event) => {
      if (!event.target.closest?.(`.many-open[data-kind="${kind}"]`)) return;
      fold.open = true;
      fold.scrollIntoView({ block: "nearest", behavior: "smooth" });
      part("summary").focus({ preventScroll: true });
    });
    settle();
    if (value()?.back) back(value()); // it came before this was drawn, as in a tab that was not open
  };

  Object.assign(window.styleshot, { many, manyLay });
})();
